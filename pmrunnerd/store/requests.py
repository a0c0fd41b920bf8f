"""Which requests were recorded lately: request identifier to commit, for the last 100,000.

Of older ones a column of `history/` has 32 bits of a checksum and the commit, in one number; so
whoever finds commits here compares the identifier that stands in the journal.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final
from zlib import crc32

from pmrunnerd.store.column import Column
from pmrunnerd.store.failures import HistoryDamaged

WINDOW: Final = 100_000
_YOUNG: Final = 10_000
_BITS: Final = 32
_COMMIT: Final = (1 << _BITS) - 1


class Requests:
    """Remembers at least the last `window` requests. `column` has all there ever were."""

    def __init__(self, column: Column, *, window: int = WINDOW, young: int = _YOUNG) -> None:
        self._column = column
        self._window = window
        self._most_young = young
        self._young: dict[str, int] = {}
        self._old: array[int] | None = None

    def add(self, request: str, seq: int) -> None:
        """Remember which commit a request became."""
        if len(self._young) >= self._most_young:
            self._age()
        self._young[request] = seq
        self._column.append(_packed(request, seq))

    def find(self, request: str) -> Iterator[int]:
        """Yield the commits that a request may have become, the likely one first."""
        if (seq := self._young.get(request)) is not None:
            yield seq
            return
        old = self._sorted()
        sum = crc32(request.encode())
        where = bisect_left(old, sum << _BITS)
        while where < len(old) and old[where] >> _BITS == sum:
            yield old[where] & _COMMIT
            where += 1

    def oldest(self) -> int | None:
        """Return the commit of the oldest request that is remembered; None if all are."""
        since = self._since()
        return self._column[since] & _COMMIT if since else None

    def _since(self) -> int:
        """Return where in the column the window begins."""
        return max(len(self._column) - self._window, 0)

    def _sorted(self) -> "array[int]":
        """Return the window in order; read from the column when it is first wanted."""
        if self._old is None:
            # Once more: it was looked at when the store was opened, which may be a while ago.
            self._column.check(self._since())
            window = self._column.read(self._since(), len(self._column))
            self._old = array("Q", sorted(window))
        return self._old

    def _age(self) -> None:
        if self._old is not None:
            try:
                first = self.oldest() or 0
            except (OSError, HistoryDamaged):
                first = 0  # a commit is being taken in: rather remember more than the window
            kept = [packed for packed in self._old if packed & _COMMIT >= first]
            # Both are in order already, which is what makes this fast.
            young = sorted(_packed(request, seq) for request, seq in self._young.items())
            self._old = array("Q", sorted(kept + young))
        self._young = {}


def _packed(request: str, seq: int) -> int:
    return crc32(request.encode()) << _BITS | seq
