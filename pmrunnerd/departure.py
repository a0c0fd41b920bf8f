"""Why a daemon is to leave, and what it does with its runs: asked by a client, or by a signal."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Final

from pmrunnerd.model.errors import Refused

# Seconds between two restarts that a daemon makes by itself. systemd counts those too, and with so
# much between them its limit of starts (pm-runner@.service) is never met.
SOONEST: Final = 50.0


async def _never() -> bool:
    return False


class Departure:
    """Comes once; what is said last counts.

    `keep_runs`: agents go on without us. `comes_back`: another house is to be built at once,
    because a state was restored. `restarts`: the service manager is to start another process.
    `was_a_stop` tells whether who sent SIGTERM does not want us back.
    """

    def __init__(self, was_a_stop: Callable[[], Awaitable[bool]] = _never) -> None:
        self._was_a_stop = was_a_stop
        self._come = asyncio.Event()
        self._must_ask = False
        self.why = ""
        self.keep_runs = False
        self.comes_back = False
        self.restarts = False

    @property
    def is_stop(self) -> bool:
        """Whether somebody wants us to be away, and runs to be parked, until somebody starts us."""
        return bool(self.why) and not (self.keep_runs or self.comes_back or self.restarts)

    async def wait(self) -> None:
        """Return once there is a reason to leave, and it is known what becomes of runs."""
        await self._come.wait()
        if self._must_ask and await self._was_a_stop():
            self.keep_runs = False
            self.why = f"{self.why}, to stop"

    def stop(self, keep_runs: bool) -> None:  # noqa: FBT001 - the desk's own signature
        """Leave, as a client asked."""
        self._leave("a client asked for it", keep_runs=keep_runs)

    def restart(self, age: float) -> None:
        """Leave and have the service manager start us again; we are `age` seconds old.

        Raises Refused where that is too soon.
        """
        if age < SOONEST:
            raise Refused(
                f"cannot restart: it started {age:.0f} s ago, and restarts itself once in"
                f" {SOONEST:.0f} s",
                hint="sudo pmrunnerctl restart",
            )
        if not self._come.is_set():
            self.restarts = True
            self._leave("a client asked for a restart", keep_runs=True)

    def reopen(self) -> None:
        """Leave and come back, unless we are to leave anyway."""
        if not self._come.is_set():
            self._leave("a state is restored", come_back=True)

    def listen_to_signals(self) -> None:
        """Ctrl-C is a person who wants everything to stop; SIGTERM is said before a restart too."""
        loop = asyncio.get_running_loop()
        for number, keep_runs in ((signal.SIGTERM, True), (signal.SIGINT, False)):
            loop.add_signal_handler(number, self._heard, number, keep_runs)

    def _heard(self, number: signal.Signals, keep_runs: bool) -> None:  # noqa: FBT001 - asyncio's
        self._must_ask = number == signal.SIGTERM
        self._leave(f"{number.name} was received", keep_runs=keep_runs)

    def _leave(self, why: str, *, keep_runs: bool = False, come_back: bool = False) -> None:
        self.why, self.keep_runs, self.comes_back = why, keep_runs, come_back
        self._come.set()
