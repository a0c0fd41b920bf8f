"""What is wrong with work that an agent says is done, as far as that can be seen. Pure."""

from collections.abc import Iterator, Set
from posixpath import normpath
from typing import Final

from msgspec import Struct

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Purpose
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


def expected(files: tuple[str, ...], purpose: Purpose | None) -> str:
    """Return what a plan expects a task to change, in words; empty where that may be nothing."""
    if purpose is Purpose.RESEARCH:
        return ""
    if not files:
        return purpose or ""
    named = ", ".join(map(_shown, files[:_NAMED]))
    return named + (f" and {len(files) - _NAMED} more" if len(files) > _NAMED else "")


def findings(result: Result, changed: Changes, there: Set[str], expects: str) -> tuple[str, ...]:
    """Return what is wrong, for the agent and for people; nothing where nothing is.

    `there` are those of the claimed files that exist, `expects` is as of `expected`.
    """
    found = tuple(_findings(result, changed, there, expects))[:MOST]
    return tuple(brief.cut(one, brief.FINDING) for one in found)


def _findings(result: Result, changed: Changes, there: Set[str], expects: str) -> Iterator[str]:
    known = set(map(normpath, there))
    for claimed in result.files:
        if not is_path(claimed):
            yield f"{_shown(claimed)} is said to be changed, and is no path"
        elif normpath(claimed) not in known:
            yield f"{_shown(claimed)} is said to be changed, and is not there"
    if expects and not changed.paths and not changed.inside:
        yield f"nothing was changed, where the plan expects {expects} to be"
    for path in changed.nested:
        yield f"{_shown(path)} is a git repository of its own, which no commit can have: remove its .git"
    for path in changed.inside:
        yield f"{_shown(path)} is in a submodule, and no commit has it: commit it there"
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
