"""Refusals are said only so often: whoever can come to a door could fill the journal with them.

Then the journal, or its own limit, would lose what became of tasks. What is not said is counted, and
the next refusal that is said has the number.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

REFUSALS: Final = frozenset({"request-refused", "connection-refused"})
# So many in a span of so many seconds.
MOST: Final = 50
SPAN: Final = 10.0


class Restraint(logging.Filter):
    """Passes all but refusals that are too many. `now` is a clock in seconds that only ever grows."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._until = 0.0
        self._said = self._unsaid = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be said; one that is says how many before it were not."""
        if record.msg not in REFUSALS:
            return True
        if (now := self._now()) >= self._until:
            self._until, self._said = now + SPAN, 0
        if self._said >= MOST:
            self._unsaid += 1
            return False
        self._said += 1
        if self._unsaid:
            record.__dict__["fields"] = {**record.__dict__["fields"], "unsaid": self._unsaid}
            self._unsaid = 0
        return True
