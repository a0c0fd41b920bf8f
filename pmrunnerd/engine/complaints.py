"""What keeps going wrong is said once, and again when it goes wrong in another way, or still does later."""

import logging
from collections.abc import Callable
from typing import Final

# Seconds after which what is still so is said again.
AGAIN: Final = 300.0


class Complaints:
    """Warns of things by name. `now` is a clock in seconds that only ever grows."""

    def __init__(self, log: logging.Logger, now: Callable[[], float]) -> None:
        self._log = log
        self._now = now
        self._said: dict[str, tuple[str, float]] = {}

    def of(self, thing: str, why: object, *, among: str = "") -> None:
        """Say that something cannot be done and why, unless that was said a short while ago.

        Things `among` others that fail for one reason are said for all of them by the first.
        """
        name, reason, now = among or thing, str(why), self._now()
        before, at = self._said.get(name, ("", -AGAIN))
        if reason != before or now - at >= AGAIN:
            self._said[name] = reason, now
            self._log.warning("cannot %s: %s", thing, reason)

    def over(self, name: str) -> None:
        """Note that it could be done: the next time is a new one."""
        self._said.pop(name, None)
