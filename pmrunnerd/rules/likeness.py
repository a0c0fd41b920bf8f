"""Whether two releases remember the same: pure. What is not the same is said in sentences that name it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

from msgspec import Struct

Tables = Mapping[str, Mapping[str, Any]]
# Names that one sentence has at most.
_NAMED: Final = 5
# Of a table with counts: what was given once is given to nobody else.
_GROWS: Final = "minted"
_ABOUT: Final = "about"
# What a daemon notes of itself.
_ITS_OWN: Final = frozenset({"release", "lineages", "draining"})


def differences(before: Tables, after: Tables, made: Set[str] = frozenset()) -> list[str]:
    """Say what of a state is not as it was, in parts that follow on a subject.

    `made` names what is there because it was asked for since. Where there is any, counts may have grown, and what a
    daemon notes of itself may be new.
    """
    found: list[str] = []
    for name, known in before.items():
        theirs = after.get(name, {})
        for said, names in _sorted_out(name, known, theirs, made).items():
            if names:
                found.append(f"{said} {listed(names)}")
    return found


def _sorted_out(
    table: str, known: Mapping[str, Any], theirs: Mapping[str, Any], made: Set[str]
) -> dict[str, list[str]]:
    aside = _ITS_OWN if made and table == _ABOUT else frozenset()
    lost = [key for key in known if key not in theirs and key not in aside]
    strange = [
        key
        for key in theirs
        if key not in known and key not in made | aside and not (made and table == _GROWS)
    ]
    changed = [
        f"{key}{_how(one, theirs[key])}"
        for key, one in known.items()
        if key in theirs
        and key not in aside
        and not _is_like(table, one, theirs[key], grows=bool(made))
    ]
    return {
        f"lost of the {table}": lost,
        f"has other {table}, which nobody made:": strange,
        f"has changed of the {table}": changed,
    }


def _is_like(table: str, one: Any, other: Any, *, grows: bool) -> bool:
    return bool(other >= one if grows and table == _GROWS else other == one)


def _how(one: Any, other: Any) -> str:
    """Return which fields of a thing are others, and of a mere value both."""
    if not isinstance(one, Struct):
        return f" (from {one} to {other})"
    return f" ({', '.join(_fields(one, other))})"


def _fields(one: Struct, other: Struct) -> Iterator[str]:
    for field in one.__struct_fields__:
        if getattr(one, field) != getattr(other, field):
            yield field


def listed(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
