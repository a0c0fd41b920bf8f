"""A cell without walls, for machines where no sandbox can start and an operator accepted that.

Only what a run inherits and who descends from whom tells its processes from others; they are
killed as far as that reaches.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import leftovers, process, procfs
from pmrunnerd.services.cell import NONE, NoWorkspace, Reach
from pmrunnerd.services.child import Child, Usage

# util-linux. The command itself ends with us; what it started is found by its environment.
_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL", "--")


class Unconfined:
    """Starts commands as they are."""

    confined = False

    def __init__(self, workspace: Path, agent: Path, run: str, *, below: bool) -> None:
        self.workspace = workspace
        self._agent = agent
        self._run = run
        self._below = below

    def inside(self, name: str) -> str:
        """Return the path of a file of the run's `agent` directory."""
        return str(self._agent / name)

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> "Stray":
        """Start a command in the workspace, marked as the run's; it reaches all there is."""
        if not self.workspace.is_dir():
            raise NoWorkspace(self.workspace)
        marked = {**environment, leftovers.VARIABLE: self._run}
        words = (*_WITH_US, *command)
        child = process.start(words, cwd=self.workspace, env=marked, pass_fds=reach.lent)
        return Stray(child, self._run, below=self._below)


class Stray:
    """A command that nothing confines."""

    def __init__(self, child: Child, run: str, *, below: bool) -> None:
        self._child = child
        # Its group goes with it.
        child.leaving = self._measure
        self._left: Usage | None = None
        self._run = run
        self._below = below
        self.stdout, self.stderr = child.stdout, child.stderr
        self.usage: Usage | None = None
        self.stdin: int | None = None

    async def wait(self) -> int:
        """Return the exit status, negative for a signal."""
        return await self._child.wait()

    async def end(self) -> None:
        """Kill it, its group, what it left behind, and return when nothing of that is there."""
        self._measure()
        await self._child.end()
        with contextlib.suppress(TimeoutError):
            await leftovers.end(self._run, below=self._below)
        if self._child.usage is not None and self._left is not None:
            self.usage = self._child.usage.with_(self._left)

    def _measure(self) -> None:
        """Take note of what those used that nobody waited for, while they are there."""
        if self._left is None:
            others = leftovers.descendants() if self._below else leftovers.of(self._run)
            self._left = procfs.used(others - {self._child.pid})
