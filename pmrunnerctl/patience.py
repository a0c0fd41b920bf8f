"""How long a daemon that is away is waited for: one span of time for each outage."""

import time
from collections.abc import Callable
from typing import Final

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.25
TELL_AFTER: Final = 1.0


class Patience:
    """Waits between attempts, a little longer each time, and gives up after `seconds` of outage.

    `tell` is called once in each outage that lasts, with why: people want to know what they wait for.
    """

    def __init__(self, seconds: float, tell: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._tell = tell
        self._since: float | None = None
        self._pause = FIRST_PAUSE
        self._told = False

    def answered(self) -> None:
        """Note that the daemon is there: the next outage is a new one."""
        self._since = None

    def wait(self, why: str) -> bool:
        """Pause before the next attempt; False, at once, where it was waited for long enough."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._pause, self._told = now, FIRST_PAUSE, False
        gone = now - self._since
        if gone >= self._seconds:
            return False
        if gone >= TELL_AFTER and not self._told:
            self._told = True
            self._tell(f"waiting for pmrunnerd, at most {self._seconds:g} s: {why}")
        time.sleep(min(self._pause, self._seconds - gone))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return True
