"""Where the commands of one run are started: in a sandbox, or without one where none can start."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from pmrunnerd.model.errors import PmError
from pmrunnerd.services.child import Usage
from pmrunnerd.services.outcome import Running


class CannotConfine(PmError):
    """The sandbox did not start, and so nothing ran."""


class NoWorkspace(PmError):
    """The workspace is not there, or not any more, and so nothing ran."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(f"cannot work in {workspace}: it is not there")


class Reach(Struct, frozen=True, kw_only=True):
    """What one command may do that no other of its run may; by default nothing.

    `network` is the machine's. `shown` are files and directories that it can read, `kept` is one
    that it can write, which commands find as `session` of the run's directory. `talks` gives it a
    standard input to be spoken to; `nests` lets it make sandboxes of its own inside. `secrets` are
    texts that it alone can read, each by the number of an open file which a variable holds: no
    environment and no command line has them. It inherits the open files that are `lent`, under the
    same numbers. One that is `unguarded` can write all of `.git`: a program of ours, which executes
    nothing of what is there.
    """

    network: bool = False
    shown: tuple[Path, ...] = ()
    kept: Path | None = None
    talks: bool = False
    nests: bool = False
    secrets: tuple[tuple[str, str], ...] = ()
    unguarded: bool = False
    lent: tuple[int, ...] = ()


NONE: Final = Reach()


class Command(Running, Protocol):
    """A command in a cell. `usage` is known once it has ended, where it can be known.

    `stdin` is a socket to one that `talks`, which whoever started it closes.
    """

    usage: Usage | None
    stdin: int | None


class Cell(Protocol):
    """A place for commands that work on one workspace, and may be hostile."""

    confined: bool
    workspace: Path

    def inside(self, name: str) -> str:
        """Return the path at which commands find a file of the run's `agent` directory."""

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> Command:
        """Start a command in the workspace. Raises CannotConfine, NoWorkspace, OSError."""
