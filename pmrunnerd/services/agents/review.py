"""What is wrong with work that an agent says is done, as far as that can be seen. Pure."""

from collections.abc import Iterator, Set
from posixpath import normpath
from typing import Final

from msgspec import Struct

from pmrunnerd.services.changes import Changes

MOST: Final = 20


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
    return tuple(_findings(result, changed, there, promised))[:MOST]


def _findings(
    result: Result, changed: Changes, there: Set[str], promised: tuple[str, ...]
) -> Iterator[str]:
    for claimed in result.files:
        if normpath(claimed) not in {normpath(path) for path in there}:
            yield f"{claimed} is said to be changed, and is not there"
    if promised and not changed.paths:
        yield f"nothing was changed, where the plan expects {', '.join(promised)} to be"
    for line in changed.marked:
        yield f"work is left for later in {line}"
