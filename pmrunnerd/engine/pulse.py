"""Tells many waiters that something may have changed; says nothing about what."""

import asyncio
from collections import defaultdict


class Pulse:
    """Wakes everybody who waits, and nobody who comes later."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        """Wake those who wait now. Call it from the loop's own thread."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def wait(self, seconds: float) -> None:
        """Return at the next beat, or after some seconds without one."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(waiter)


class Growth:
    """A pulse for each run whose event file somebody waits for."""

    def __init__(self) -> None:
        self._pulses: defaultdict[str, Pulse] = defaultdict(Pulse)

    def grew(self, run: str) -> None:
        """Wake those who wait for more of a run's event file."""
        if run in self._pulses:
            self._pulses[run].beat()

    async def wait(self, run: str, seconds: float) -> None:
        """Return when the event file may have grown, or after some seconds."""
        await self._pulses[run].wait(seconds)

    def forget(self, run: str) -> None:
        """Wake those who wait for a run that is over."""
        self.grew(run)
        self._pulses.pop(run, None)
