"""Which areas of a repository a change touches: those that the project declares, or else its top-level directories.

    [tool.pm-runner.evidence]
    areas = ["daemon/*", "client", "packaging"]

stands in pyproject.toml, or else in pm-runner.toml.
`*` stands for any one name: `daemon/*` makes `daemon/store` and `daemon/engine` areas of their own. The longest
that fits a file has it. A file that none fits belongs to its top-level directory, one at the top to `TOP`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import NAME, Area, Touched

TOP: Final = "top level"
DECLARING: Final = ("pyproject.toml", "pm-runner.toml")
_SHOWN: Final = 10
_MANY: Final = 200
_TABLE: Final = "[tool.pm-runner.evidence]"
_HINT: Final = f'{_TABLE} areas = ["src/*", "docs"]'


def areas(touched: Iterable[Touched], declared: Sequence[str] = ()) -> list[Area]:
    """Return the areas that a change touches, by name, the top level last."""
    patterns = sorted(({*declared}), key=lambda one: (-one.count("/"), "*" in one, one))
    found: dict[str, list[Touched]] = {}
    for one in touched:
        if one.path != NAME:
            found.setdefault(_area(one.path, patterns), []).append(one)
    return [_sum(name, found[name]) for name in sorted(found, key=lambda one: (one == TOP, one))]


def _area(path: str, patterns: Sequence[str]) -> str:
    parts = path.split("/")
    for pattern in patterns:
        wanted = pattern.split("/")
        # A file of that name, other than a directory, is no area: it belongs to what it lies in.
        if len(parts) > len(wanted) and all(
            mine in {"*", theirs} for mine, theirs in zip(wanted, parts, strict=False)
        ):
            return "/".join(parts[: len(wanted)])
    return parts[0] if len(parts) > 1 else TOP


def _sum(name: str, touched: list[Touched]) -> Area:
    most = max(touched, key=lambda one: (one.added + one.removed, one.path))
    return Area(
        name=name,
        files=len(touched),
        added=sum(one.added for one in touched),
        removed=sum(one.removed for one in touched),
        most=most.path,
    )


def misplaced(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that somebody may have taken for that of the file at the top."""
    wanted = NAME.casefold()
    found = (one for one in paths if one.rpartition("/")[2].casefold() == wanted and one != NAME)
    return tuple(sorted(found)[:_SHOWN])


def declared(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the areas that the first of `DECLARING` declares; none where none of them does.

    Raises Refused, which names all that is wrong.
    """
    for name in DECLARING:
        if name in files and (found := _declared(name, files[name])):
            return found
    return ()


def _declared(name: str, data: bytes) -> tuple[str, ...]:
    import tomllib  # noqa: PLC0415 - 2 ms of every start, for few of them

    try:
        read = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise Refused(f"cannot read {name}: {error}", hint=_HINT) from None
    table = _within(read, "tool", "pm-runner", "evidence")
    if not isinstance(table, Mapping):
        raise Refused(f"cannot read {_TABLE} of {name}: it is no table", hint=_HINT)
    wrong = [f"{key} is not known" for key in table if key != "areas"]
    listed = table.get("areas", [])
    if not isinstance(listed, list):
        wrong.append("areas is no list")
        listed = []
    if len(listed) > _MANY:
        wrong.append(f"areas are {len(listed)}, and no more than {_MANY} can be told apart")
    wrong += [f"area {one!r} {why}" for one in listed[:_MANY] if (why := _strange(one))]
    if wrong:
        raise Refused(f"cannot read {_TABLE} of {name}: {'; '.join(wrong)}", hint=_HINT)
    return tuple(listed)


def _within(table: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(table, Mapping):
            return table
        table = table.get(name, {})
    return table


def _strange(area: Any) -> str:
    """Return why something cannot be an area; empty where it can."""
    if not isinstance(area, str):
        return "is no text"
    parts = area.split("/")
    if not all(parts):
        return "has an empty name in it, or begins or ends with /"
    if {".", ".."} & {*parts}:
        return "leads elsewhere"
    if any("*" in part and part != "*" for part in parts):
        return "has a * that is not a whole name"
    return "" if area.isprintable() else "has what cannot be printed"
