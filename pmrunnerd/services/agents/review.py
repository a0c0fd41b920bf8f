"""What is wrong with work that an agent says is done, as far as that can be seen. Pure."""

from collections.abc import Iterator, Set
from posixpath import normpath
from typing import Final

from msgspec import Struct

from pmrunnerd.model import brief
from pmrunnerd.services.changes import Changes

MOST: Final = 20
_LONGEST: Final = 4095  # bytes of a path
_LONGEST_NAME: Final = 255
_NAMED: Final = 20  # of the files that the plan expects to be changed
_SHOWN: Final = 200  # characters of a path that a finding repeats


class Result(Struct, frozen=True):
    """What a worker says of its work."""

    summary: str
    files: tuple[str, ...] = ()


def findings(
    result: Result, changed: Changes, there: Set[str], promised: tuple[str, ...]
) -> tuple[str, ...]:
    """Return what is wrong, for the agent and for people; nothing where nothing is.

    `there` are those of the claimed files that exist, `promised` what the plan expects to change.
    """
    found = tuple(_findings(result, changed, there, promised))[:MOST]
    return tuple(brief.cut(one, brief.FINDING) for one in found)


def _findings(
    result: Result, changed: Changes, there: Set[str], promised: tuple[str, ...]
) -> Iterator[str]:
    known = set(map(normpath, there))
    for claimed in result.files:
        if not is_path(claimed):
            yield f"{_shown(claimed)} is said to be changed, and is no path"
        elif normpath(claimed) not in known:
            yield f"{_shown(claimed)} is said to be changed, and is not there"
    if promised and not changed.paths:
        expected = ", ".join(map(_shown, promised[:_NAMED]))
        more = f" and {len(promised) - _NAMED} more" if len(promised) > _NAMED else ""
        yield f"nothing was changed, where the plan expects {expected}{more} to be"
    for path in changed.nested:
        yield f"{_shown(path)} is a git repository of its own, which no commit can have: remove its .git"
    for line in changed.marked:
        yield f"work is left for later in {line}"


def is_path(text: str) -> bool:
    """Tell whether anything can be called so."""
    encoded = text.encode(errors="surrogatepass")
    names = encoded.split(b"/")
    return bool(
        text
        and b"\0" not in encoded
        and len(encoded) <= _LONGEST
        and max(map(len, names)) <= _LONGEST_NAME
    )


def _shown(path: str) -> str:
    line = "".join(c if c.isprintable() else "�" for c in path)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
