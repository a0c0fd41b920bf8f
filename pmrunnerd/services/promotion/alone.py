"""A daemon without a service manager: known by the lock of its state, asked to leave, started again through the launcher.

What systemd does for a unit is done here for as long as somebody promotes. Nobody starts a daemon again that dies
without us: who starts the next one has its start counted, and so comes back.
"""

import asyncio
import contextlib
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model import invocation
from pmrunnerd.model.errors import in_words
from pmrunnerd.model.settings import PREFIX
from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services import addresses, process, procfs
from pmrunnerd.services.outcome import Exited, Outcome, why
from pmrunnerd.services.promotion.units import Look
from pmrunnerd.store import lock
from pmrunnerd.store.durable import Disk

log = logging.getLogger(__name__)

# Seconds to leave in, as the unit has them; and until a process that was killed is gone.
LEAVING: Final = 60.0
DYING: Final = 10.0
LOCK: Final = "lock"
LOG: Final = "pmrunnerd.log"
STATES: Final = "var/lib/pm-runner/state"
# What a manager says to the one process that it has started.
_MANAGERS: Final = ("NOTIFY_", "LISTEN_", "WATCHDOG_")
_TOTAL: Final = 60.0
_CHECKS: Final = 180.0
_SAYS: Final = 1 << 16


def dwell(root: Path, environment: str, state: Path) -> None:
    """Have who promotes below a root find the state of an environment. That this fails is said."""
    link = root / STATES / environment
    fresh = link.with_name(f".{environment}.{os.getpid()}")
    try:
        if link.is_dir() and link.samefile(state):
            return
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(state)
        fresh.replace(link)
    except OSError as exc:
        log.warning("nobody can promote here, for %s is not to be made: %s", link, in_words(exc))


class Alone:
    """The daemon of an environment below a root, which has its socket, once it is up, at `control`."""

    def __init__(
        self, launcher: Path, root: Path, environment: str, *, leaving: float = LEAVING
    ) -> None:
        self._launch = (sys.executable, "-IBS", str(launcher), "--root", str(root))
        self._words = (str(root), "alone", environment)
        self._environment, self._leaving = environment, leaving
        self.state = (root / STATES / environment).resolve()
        self.around = self._variables()
        # Of the one that we have started: it ends when that does.
        self._pipe: int | None = None
        self._has_answered = False
        self._starts = 0
        self.control = self.state / "control.sock"

    @property
    def options(self) -> tuple[str, ...]:
        """What the last daemon was started with, and so is the next one."""
        try:
            return invocation.decode((self.state / invocation.FILE).read_bytes())
        except OSError:
            return ("--state-dir", str(self.state))

    async def restart(self) -> str:
        """Have it started again; return why it could not be. Raises OSError."""
        how = await self._leave()
        await self._run("ended", env={"SERVICE_RESULT": how}, total=_TOTAL)
        self._forget()
        self._pipe, theirs = os.pipe()
        self._starts += 1
        try:
            process.spawn_detached(
                (*self._launch, "alone", self._environment, *self.options),
                pass_fds=(theirs,),
                log=self.state / LOG,
                cwd=self.state,
                env=self.around,
            )
        finally:
            os.close(theirs)
        return ""

    async def look(self) -> Look:
        """Return how it is."""
        start = f"{self._starts}.{self._holder()}"
        if self._pipe is not None and not select.select([self._pipe], [], [], 0)[0]:
            self._has_answered = self._has_answered or self._answers()
            return Look(unit=Unit.UP if self._has_answered else Unit.COMING, invocation=start)
        if self._holder():
            # Started by somebody else, or before us.
            return Look(unit=Unit.UP, invocation=start)
        return Look(unit=Unit.STOPPED if self._was_stopped() else Unit.FAILED, invocation=start)

    async def checked(self) -> str:
        """Have the administrator's checks tried; return what failed that has to hold."""
        done = await self._run("health", env={}, total=_CHECKS)
        return "" if isinstance(done, Exited) and not done.status else why(done)

    async def _leave(self) -> str:
        """Have what runs leave, by force where it does not; return how that went, as systemd calls it."""
        there = self._processes()
        if not there:
            return "success" if self._was_stopped() else "exit-code"
        if await _gone(there, signal.SIGTERM, self._leaving):
            return "success"
        await _gone(self._processes(), signal.SIGKILL, DYING)
        return "timeout"

    def _processes(self) -> list[int]:
        """Return who has the state, and who is on the way to it."""
        return sorted({*filter(None, [self._holder()]), *self._started()})

    def _started(self) -> Iterator[int]:
        for pid in procfs.pids():
            words = _words(pid)
            if any(words[at : at + 3] == self._words for at in range(len(words) - 2)):
                yield pid

    def _holder(self) -> int:
        """Return the process that has the lock of the state; 0 for none.

        Looked for among its open files: one that tries the lock would have it for a moment, in somebody's way.
        """
        with contextlib.suppress(OSError):
            _, holder = lock.read(Disk(), self.state / LOCK)
            if holder is not None:
                mine = (self.state / LOCK).stat()
                for file in Path(f"/proc/{holder.pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        found = file.stat()
                        if (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino):
                            return holder.pid
        return 0

    def _was_stopped(self) -> bool:
        with contextlib.suppress(OSError):
            _, holder = lock.read(Disk(), self.state / LOCK)
            return holder is not None and holder.stopped
        return False

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            addresses.held(self.control.parent) as directory,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller,
        ):
            caller.connect(addresses.within(directory, self.control.name))
            return True
        return False

    def _variables(self) -> Mapping[str, str]:
        """Return what is around the daemon that runs; else what is around us, but for the settings of another one."""
        left_out: tuple[str, ...] = (*_MANAGERS, PREFIX)
        around = dict(os.environ)
        with contextlib.suppress(OSError):
            if pid := self._holder():
                pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                named = (os.fsdecode(pair).partition("=") for pair in pairs)
                around = {name: value for name, is_one, value in named if is_one}
                left_out = _MANAGERS
        return {name: value for name, value in around.items() if not name.startswith(left_out)}

    async def _run(self, deed: str, *, env: Mapping[str, str], total: float) -> Outcome:
        return await process.run(
            (*self._launch, deed, self._environment),
            cwd=Path("/"),
            env={"PATH": process.PATH, "LANG": "C.UTF-8", **env},
            total=total,
            limit=_SAYS,
        )

    def _forget(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
        self._pipe, self._has_answered = None, False


def _words(pid: int) -> tuple[str, ...]:
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(map(os.fsdecode, said.rstrip(b"\0").split(b"\0")))


async def _gone(pids: Sequence[int], number: signal.Signals, within: float) -> bool:
    """Send a signal to processes; tell whether all of them are gone in time."""
    held = []
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                held.append(os.pidfd_open(pid))
                signal.pidfd_send_signal(held[-1], number)
        left = set(held)
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while left and (rest := until - loop.time()) > 0:
            over, _, _ = await asyncio.to_thread(select.select, list(left), [], [], rest)
            left -= set(over)
    finally:
        for file in held:
            os.close(file)
    return not left
