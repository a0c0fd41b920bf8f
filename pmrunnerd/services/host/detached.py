"""Run hosts without a service manager: processes that are nobody's children, known by their lock."""

import asyncio
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.isolation import Python
from pmrunnerd.services import leftovers, lockfile, process
from pmrunnerd.services.host import GRACE
from pmrunnerd.services.rundir import RunDirectory

_POLL: Final = 0.01
_DEATH: Final = 10.0
_PYTHON: Final = Python(sys.executable, sys.flags.no_site)


class Detached:
    """Keeps run hosts below one directory of runs."""

    name = "detached"
    shared = False

    def __init__(self, directory: Path, *, path: str | None = None) -> None:
        self._directory = directory
        self._path = path or os.environ.get("PATH", process.PATH)

    async def start(self, run: str) -> None:
        """Start a run's host, with the lock in its hand. Raises Refused, OSError."""
        directory = RunDirectory(self._directory / run)
        lock = lockfile.take(directory.lock)
        if lock is None:
            raise Refused(f"cannot start run {run}: its run host is alive")
        try:
            if directory.has_begun():
                raise Refused(f"cannot start run {run}: it was started before")
            process.spawn_detached(
                _PYTHON.runs("pmrunnerd.runhost", str(directory.path), "--lock-fd", str(lock)),
                pass_fds=(lock,),
                log=directory.log,
                cwd=directory.path,
                env=_PYTHON.around(
                    {
                        "PATH": self._path,
                        "HOME": os.environ.get("HOME", "/"),
                        "LANG": "C.UTF-8",
                    }
                ),
            )
        finally:
            # From here on only the run host holds it. There was no moment when nobody did.
            os.close(lock)

    def alive(self, run: str) -> bool:
        """Tell whether somebody holds the run's lock."""
        return lockfile.is_held(self._directory / run / "lock")

    def explains(self, run: str) -> str:
        """Return nothing: what a run host says before it begins is in its directory, as all of it is."""
        del run
        return ""

    async def stop(self, run: str, grace: float = GRACE) -> None:
        """Send SIGTERM, after `grace` seconds SIGKILL, and return when nothing of the run is left."""
        deadline = time.monotonic() + grace
        file = await self._holder(run, deadline)
        if file is not None:
            await self._end(file, deadline)
        # Killed while its sandbox was being made, by whomever, it can have left half of that.
        await leftovers.end(run, below=False)

    async def _end(self, file: int, deadline: float) -> None:
        try:
            for number, until in ((signal.SIGTERM, deadline), (signal.SIGKILL, deadline + _DEATH)):
                signal.pidfd_send_signal(file, number)
                if await self._is_over(file, until):
                    return
        except ProcessLookupError:
            return
        finally:
            os.close(file)

    async def _holder(self, run: str, deadline: float) -> int | None:
        """Wait for a run host that has just been started to say who it is."""
        path = self._directory / run / "lock"
        while lockfile.is_held(path) and time.monotonic() < deadline:
            if (file := lockfile.holder(path)) is not None:
                return file
            await asyncio.sleep(_POLL)
        return None

    async def _is_over(self, file: int, until: float) -> bool:
        while True:
            if select.select([file], [], [], 0)[0]:
                return True
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(_POLL)
