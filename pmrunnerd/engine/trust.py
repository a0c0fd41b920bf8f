"""Whether the clock is believed when it says that something is old enough to be deleted.

A clock that was set wrong for a moment would have everything be a year old. One that leaps ahead is
believed once it has stayed so for an hour.
"""

import logging
from datetime import datetime
from typing import Final

from pmrunnerd.rules.retention import DAY
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# How long a clock that leapt is doubted, in seconds.
PATIENCE: Final = 3600.0


class Trust:
    """Compares the clock with what it was when it was believed last.

    At first that is when the newest commit was made, of those that are there when this is made.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._newest = store.durable
        self._known: float | None = None
        self._doubted: float | None = None

    def believes(self) -> bool:
        """Tell whether the clock went on from where it was, to a day, or has stayed long enough."""
        now = _seconds(self._clock.now())
        known = self._recorded() if self._known is None else self._known
        leapt = known is not None and now - known > DAY
        if leapt and self._is_doubtful():
            return False
        self._known, self._doubted = now, None
        return True

    def _is_doubtful(self) -> bool:
        now = self._clock.monotonic()
        if self._doubted is None:
            self._doubted = now
            log.warning("the clock is more than a day ahead: age is looked at in an hour")
        return now - self._doubted < PATIENCE

    def _recorded(self) -> float | None:
        newest = self._store.read(self._newest - 1, 1) if self._newest else []
        return _seconds(newest[0].at) if newest else None


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
