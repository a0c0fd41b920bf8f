"""Gates without a service manager: each a process of its own, nobody's child, known by its lock.

It is the same code of the package that units have, and it waits for what tries the gate: the status is the kernel's.
"""

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services import leftovers, lockfile, mounts, process
from pmrunnerd.services.gates import PATIENCE, Kind
from pmrunnerd.services.releases.shelf import programs

_POLL: Final = 0.01


def launcher() -> Path:
    """Return the program that tries gates. Raises Unavailable."""
    places = [place / "launch" for place in programs()]
    for path in places:
        if path.is_file():
            return path
    raise Unavailable(
        f"cannot try a gate: {places[-1]} is not there",
        hint="sudo apt-get install pm-runner   # or run it from a checkout",
    )


def walls() -> tuple[str, ...]:
    """Return what the walls of a gate need beside, where it is of a user who can read and write more than nobody."""
    return (*mounts.secrets(), *mounts.kernel(), *mounts.interpreter())


class DetachedGates:
    """Has the gates of one state directory tried."""

    name = "detached"
    hosts = False

    def __init__(self, state: Path, *, path: str | None = None) -> None:
        self._state = state
        self._path = path or os.environ.get("PATH", process.PATH)

    async def start(self, name: str, kind: Kind) -> None:
        """Start what tries it, with the lock in its hand. Raises Unavailable, OSError."""
        del kind  # its order says so
        directory = self._state / "gates" / name
        lock = lockfile.take(directory / "lock")
        if lock is None:
            return  # somebody tries it
        try:
            process.spawn_detached(
                [sys.executable, "-IB", launcher(), "detached", self._state, name, str(lock)],
                pass_fds=(lock,),
                log=directory / "launch.log",
                cwd=directory,
                # Whatever it starts is known by this, from before it is another program.
                env={"PATH": self._path, "LANG": "C.UTF-8", leftovers.VARIABLE: self.mark(name)},
            )
        finally:
            os.close(lock)

    async def alive(self, name: str, kind: Kind = Kind.GATE) -> bool:
        """Tell whether somebody holds its lock."""
        del kind
        return lockfile.is_held(self._lock(name))

    async def stop(self, name: str, kind: Kind = Kind.GATE) -> None:
        """Have it killed, and return when that is written down. Raises TimeoutError.

        What nobody attends any more is killed, too: a sandbox whose maker was killed waits for it for ever.
        """
        del kind
        until = time.monotonic() + PATIENCE
        while lockfile.is_held(self._lock(name)):
            if (file := lockfile.holder(self._lock(name))) is not None:
                try:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(file, signal.SIGTERM)
                finally:
                    os.close(file)
            if time.monotonic() > until:
                raise TimeoutError(f"cannot stop gate {name}: it does not die")
            await asyncio.sleep(_POLL)
        await leftovers.end(self.mark(name), below=False)

    def mark(self, name: str) -> str:
        """Return what its processes are known by: two states can have gates of one name."""
        return f"{name}-{hashlib.sha256(os.fsencode(self._state.resolve())).hexdigest()[:16]}"

    def _lock(self, name: str) -> Path:
        return self._state / "gates" / name / "lock"
