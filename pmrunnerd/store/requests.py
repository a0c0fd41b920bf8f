"""Which requests were recorded lately: request identifier to commit, for the last 100,000.

Only a hash of each identifier is kept: 2.5 MB, where a dictionary of texts takes 15. So whoever
finds a commit here compares the identifier that stands in the journal.
"""

from array import array
from bisect import bisect_left
from collections import deque
from typing import Final

GENERATION: Final = 10_000
GENERATIONS: Final = 10


class Requests:
    """Remembers at least `generations * size` requests and forgets the oldest `size` at once."""

    def __init__(self, *, size: int = GENERATION, generations: int = GENERATIONS) -> None:
        self._size = size
        self._young: dict[int, int] = {}
        # Each an array of hashes in order and the array of commits beside it: 16 bytes a request.
        self._old: deque[tuple[array[int], array[int]]] = deque(maxlen=generations)

    def add(self, request: str, seq: int) -> None:
        """Remember which commit a request became."""
        if len(self._young) >= self._size:
            self._age()
        self._young[hash(request)] = seq

    def find(self, request: str) -> int | None:
        """Return the commit that a request probably became."""
        wanted = hash(request)
        if (seq := self._young.get(wanted)) is not None:
            return seq
        for hashes, seqs in reversed(self._old):
            where = bisect_left(hashes, wanted)
            if where < len(hashes) and hashes[where] == wanted:
                return seqs[where]
        return None

    def _age(self) -> None:
        hashes = array("q", sorted(self._young))
        self._old.append((hashes, array("Q", (self._young[one] for one in hashes))))
        self._young = {}
