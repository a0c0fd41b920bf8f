"""What became of a process that ran for its output: a value, with each reason told apart."""

import asyncio
from typing import Final, Protocol

from msgspec import Struct

from pmrunnerd.services.pipes import Drain

_SAID: Final = 500  # characters of what it said that are repeated
# Where nothing of a process is left, its pipes end at once; a stranger may still hold them.
_STRAGGLERS: Final = 1.0


class Exited(Struct, frozen=True):
    """It ended by itself with this status."""

    status: int
    out: bytes
    err: bytes


class Killed(Struct, frozen=True):
    """A signal ended it, and it was not ours."""

    signal: int
    out: bytes
    err: bytes


class TimedOut(Struct, frozen=True):
    """It was killed after so many seconds."""

    seconds: float


class Overflowed(Struct, frozen=True):
    """It was killed because it printed more bytes than this."""

    limit: int


Outcome = Exited | Killed | TimedOut | Overflowed


def why(outcome: Outcome) -> str:
    """Return in words how a program ended that did not do what it was to do."""
    match outcome:
        case Exited(status, out, err):
            said = (err or out).decode(errors="backslashreplace").strip()[-_SAID:]
            return said or f"exit status {status}"
        case TimedOut(seconds):
            return f"it took longer than {seconds:g} s"
        case Overflowed(limit):
            return f"it printed more than {limit >> 20} MiB"
        case killed:
            return f"signal {killed.signal} ended it"


class Running(Protocol):
    """Something that runs, whatever stands between it and us."""

    stdout: int
    stderr: int

    async def wait(self) -> int:
        """Return the exit status; negative for a signal."""

    async def end(self) -> None:
        """Kill what is left of it, children too, and return when nothing is."""


class _TooMuchError(Exception):
    pass


async def collect(running: Running, *, total: float, limit: int) -> Outcome:
    """Let it run for `total` seconds and print `limit` bytes; nothing of it is left afterwards."""
    out, err = bytearray(), bytearray()

    def keep(where: bytearray, data: bytes) -> None:
        where += data
        if len(out) + len(err) > limit:
            raise _TooMuchError

    drains = (
        Drain(running.stdout, lambda data: keep(out, data)),
        Drain(running.stderr, lambda data: keep(err, data)),
    )
    try:
        status = await _until_over(running, drains, total)
    except TimeoutError:
        return TimedOut(total)
    except _TooMuchError:
        return Overflowed(limit)
    finally:
        for drain in drains:
            drain.close()
        await running.end()
    if status < 0:
        return Killed(-status, bytes(out), bytes(err))
    return Exited(status, bytes(out), bytes(err))


async def _until_over(running: Running, drains: tuple[Drain, Drain], total: float) -> int:
    try:
        async with asyncio.timeout(total), asyncio.TaskGroup() as group:
            reading = [group.create_task(drain.finished()) for drain in drains]
            status = await running.wait()
            await running.end()
            # Everything of it is dead, so what it printed is in the pipes: read that, no longer.
            await asyncio.wait(reading, timeout=_STRAGGLERS)
            for drain in drains:
                drain.close()
    except ExceptionGroup as group:
        # Not except*: until Python 3.11.4 what is raised in one comes out as a group.
        if group.split(_TooMuchError)[1] is not None:
            raise
        raise _TooMuchError from group
    return status
