"""The index behind the journal: where each commit lies, and which belong to a conversation.

Sixteen bytes a message: eight for its place, eight for its turn in the project. It is filled while
the journal is replayed; pages are read from the journal when somebody asks.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerd.model import events as ev
from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.failures import damaged
from pmrunnerd.store.journal import Journal, Place

# What people see in a conversation. What a run does meanwhile is in its own log.
CONVERSATION: Final[frozenset[type]] = frozenset(
    {
        ev.MessagePosted,
        ev.PlanDrafted,
        ev.PlanRefused,
        ev.PlanSubmitted,
        ev.PlanApproved,
        ev.PlanRejected,
        ev.PlanCompleted,
        ev.PlanFailed,
        ev.PlanCancelled,
        ev.TaskCompleted,
        ev.TaskFailed,
        ev.TaskInterrupted,
        ev.TaskHeld,
        ev.TaskAsked,
        ev.QuestionAnswered,
        ev.TaskCancelled,
        ev.TaskRetried,
    }
)
# A page never costs more memory than this, or than its one commit that is larger.
PAGE_BYTES: Final = 4 << 20
_OFFSET_BITS: Final = 40
_NOTHING: Final = array("Q")


class _Extent(NamedTuple):
    """Neighbours in a segment, to be read at once; `first` is the first one's commit."""

    segment: int
    start: int
    end: int
    first: int


class History:
    """Durable commits only, in order, from the first one on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._places = array("Q")
        self._ends: list[int] = []
        self._firsts: list[int] = []
        self._conversations: dict[str, array[int]] = {}

    def add(self, batch: Batch, place: Place) -> None:
        """Take in the next commit."""
        while len(self._ends) < place.segment:
            self._ends.append(0)
            self._firsts.append(batch.seq)
        self._places.append(place.segment << _OFFSET_BITS | place.offset)
        self._ends[place.segment - 1] = place.offset + place.size
        for project in {f.project for f in batch.facts if type(f) in CONVERSATION}:  # type: ignore[union-attr]
            self._conversations.setdefault(project, array("Q")).append(batch.seq)

    def read(self, since: int, limit: int) -> list[Batch]:
        """Return commits after one, at most `limit`, fewer if they are large; empty at the end."""
        start = max(since, 0)
        return self._fetch(self._affordable(range(start + 1, min(start + limit, self._last) + 1)))

    def one(self, seq: int) -> Batch:
        """Return one commit."""
        return self._fetch([seq])[0]

    def conversation(self, project: str, before: int | None, limit: int) -> list[Batch]:
        """Return the last `limit` commits of a conversation before one, or before now.

        Fewer if they are large; empty at the beginning.
        """
        seqs = self._conversations.get(project, _NOTHING)
        end = len(seqs) if before is None else bisect_left(seqs, before)
        return self._fetch(self._affordable(seqs[max(end - limit, 0) : end][::-1])[::-1])

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first `limit` commits of a conversation after one, fewer if they are large."""
        seqs = self._conversations.get(project, _NOTHING)
        start = bisect_right(seqs, since)
        return self._fetch(self._affordable(seqs[start : start + limit]))

    def _affordable(self, seqs: Iterable[int]) -> list[int]:
        """Return the first of them that make a page, and at least one."""
        size = 0
        page: list[int] = []
        for seq in seqs:
            size += self._end(seq) - self._place(seq)[1]
            if page and size > PAGE_BYTES:
                break
            page.append(seq)
        return page

    @property
    def _last(self) -> int:
        return len(self._places)

    def _place(self, seq: int) -> tuple[int, int]:
        packed = self._places[seq - 1]
        return packed >> _OFFSET_BITS, packed & ((1 << _OFFSET_BITS) - 1)

    def _end(self, seq: int) -> int:
        segment, _ = self._place(seq)
        if seq < self._last:
            following, offset = self._place(seq + 1)
            if following == segment:
                return offset
        return self._ends[segment - 1]

    def _fetch(self, seqs: Iterable[int]) -> list[Batch]:
        return [batch for extent in self._extents(seqs) for batch in self._read(extent)]

    def _extents(self, seqs: Iterable[int]) -> Iterator[_Extent]:
        extent: _Extent | None = None
        for seq in seqs:
            segment, start = self._place(seq)
            if extent is not None and (extent.segment, extent.end) == (segment, start):
                extent = extent._replace(end=self._end(seq))
                continue
            if extent is not None:
                yield extent
            extent = _Extent(segment, start, self._end(seq), seq)
        if extent is not None:
            yield extent

    def _read(self, extent: _Extent) -> Iterator[Batch]:
        raw = self._journal.read(extent.segment, extent.start, extent.end - extent.start)
        for seq, line in enumerate(raw.removesuffix(b"\n").split(b"\n"), start=extent.first):
            json = lines.body(line)
            try:
                found = lines.decode(json) if json is not None else None
            except msgspec.DecodeError:
                found = None
            if found is None or found.seq != seq:
                raise damaged(*self.where(seq), "is not what was read before")
            yield found

    def where(self, seq: int) -> tuple[Path, int]:
        """Return the file and the line of a commit."""
        segment, _ = self._place(seq)
        return self._journal.path(segment), seq - self._firsts[segment - 1] + 1
