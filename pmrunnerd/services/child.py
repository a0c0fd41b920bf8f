"""A process that was started here, known by its pidfd: a number may be somebody else's by then."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Final, NamedTuple

KIB: Final = 1024


class Usage(NamedTuple):
    """What a process and those that it waited for used: bytes at the peak, seconds in all."""

    peak_memory: int
    cpu_seconds: float

    def with_(self, other: "Usage") -> "Usage":
        """Return what both used: the peak is that of the largest process."""
        peak = max(self.peak_memory, other.peak_memory)
        return Usage(peak, self.cpu_seconds + other.cpu_seconds)


class Child:
    """One process, its output on two pipes. It must be ended (`end`) by whoever started it."""

    def __init__(self, pid: int, *, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.usage: Usage | None = None
        # Called when it is over, and what it left behind is there for the last time.
        self.leaving: Callable[[], None] = lambda: None
        self._status: int | None = None
        self._over = asyncio.Event()
        self._file = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._file, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)
        self.leaving()
        # What it left behind in its group goes with it; while it is not reaped, the group's number
        # cannot be anybody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status, used = os.wait4(self.pid, 0)
        self._status = os.waitstatus_to_exitcode(status)
        self.usage = Usage(used.ru_maxrss * KIB, used.ru_utime + used.ru_stime)
        self._over.set()

    async def wait(self) -> int:
        """Return its exit status once it is over; the negative number of the signal it died of."""
        await self._over.wait()
        assert self._status is not None
        return self._status

    def kill(self) -> None:
        """Kill it and, since it leads one, its process group."""
        if self._status is None:
            # Not reaped: neither its number nor that of its group can be anybody else's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._signal(signal.SIGKILL)

    def ask_to_leave(self) -> None:
        """Send it SIGTERM, and not its group."""
        self._signal(signal.SIGTERM)

    def hold(self) -> None:
        """Stop it where it is, until it is killed or may go on."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after `hold`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._file, number)

    async def end(self) -> None:
        """Kill it if it is there, and return when it is gone. Does not close the pipes."""
        self.kill()
        await self._over.wait()
