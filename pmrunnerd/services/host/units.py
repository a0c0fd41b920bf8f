"""Run hosts as units of systemd, `pm-runner-run@ENV-RUN.service`: another user's, in walls of root's.

The daemon knows their exact names and may start and stop them, and nothing more. The run host
takes the lock of its run itself, so between the start and that lock the manager is asked.
"""

import os
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import lockfile, process
from pmrunnerd.services.host import GRACE
from pmrunnerd.services.rundir import RunDirectory
from pmrunnerd.services.systemctl import Systemctl

# Seconds above the grace: until the unit's TimeoutStopSec, and until the kernel has ended all of it.
_DEATH: Final = 15.0
_FAILED: Final = "failed"
_GROUP: Final = 0o007


class Units:
    """Keeps the run hosts of one environment below one directory of runs."""

    name = "systemd"
    shared = True

    def __init__(self, environment: str, directory: Path, *, path: str | None = None) -> None:
        self._environment = environment
        self._directory = directory
        self._systemctl = Systemctl(path or os.environ.get("PATH", process.PATH))
        # Directories of runs are the group's, too, and must not be given their modes afterwards:
        # that would take the group away again. All else that we make says by itself whose it is.
        os.umask(_GROUP)

    def unit(self, run: str) -> str:
        """Return the name by which the manager knows a run."""
        return f"pm-runner-run@{self._environment}-{run}.service"

    async def start(self, run: str) -> None:
        """Have a run's unit started. Raises Refused, Unavailable, OSError."""
        directory = RunDirectory(self._directory / run)
        if lockfile.is_held(directory.lock):
            raise Refused(f"cannot start run {run}: its run host is alive")
        if directory.has_begun():
            raise Refused(f"cannot start run {run}: it was started before")
        await self._systemctl.start(self.unit(run))

    def alive(self, run: str) -> bool:
        """Tell whether a run's lock is held, or it is on its way to that. Raises OSError, Unavailable."""
        directory = RunDirectory(self._directory / run)
        if lockfile.is_held(directory.lock):
            return True
        if directory.has_begun():
            # Asked again: it may have taken the lock and said something since.
            return lockfile.is_held(directory.lock)
        return self._systemctl.show(self.unit(run)).is_there

    def explains(self, run: str) -> str:
        """Return the command that shows what the unit of a run said."""
        return f": journalctl -u {self.unit(run)}"

    async def stop(self, run: str, grace: float = GRACE) -> None:
        """Stop a run's unit and return when nothing of it is left. Raises Unavailable, OSError.

        How long it has to leave in good order says the unit; after `grace` and some seconds more
        it is given up with a TimeoutError.
        """
        unit = self.unit(run)
        await self._systemctl.stop(unit, total=grace + _DEATH)
        if self._systemctl.show(unit).state == _FAILED:
            await self._systemctl.reset_failed(unit)
