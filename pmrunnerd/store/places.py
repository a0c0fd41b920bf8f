"""Where each commit lies in the journal: eight bytes for each, and a way to read some of them."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.failures import damaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.segments import Place

# A page never costs more memory than this, or than its one commit that is larger.
PAGE_BYTES: Final = 4 << 20
_OFFSET_BITS: Final = 40


class _Extent(NamedTuple):
    """Neighbours in a segment, to be read at once; `first` is the first one's commit."""

    segment: int
    start: int
    end: int
    first: int


class Places:
    """Durable commits only, in order, from the first one on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._packed = array("Q")
        self._ends: list[int] = []
        self._firsts: list[int] = []

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, seq: int, place: Place) -> None:
        """Take in the next commit."""
        while len(self._ends) < place.segment:
            self._ends.append(0)
            self._firsts.append(seq)
        self._packed.append(place.segment << _OFFSET_BITS | place.offset)
        self._ends[place.segment - 1] = place.offset + place.size

    def where(self, seq: int) -> tuple[Path, int]:
        """Return the file and the line of a commit."""
        segment, _ = self._place(seq)
        return self._journal.path(segment), seq - self._firsts[segment - 1] + 1

    def affordable(self, seqs: Iterable[int]) -> list[int]:
        """Return the first of them that make a page, and at least one."""
        size = 0
        page: list[int] = []
        for seq in seqs:
            size += self._end(seq) - self._place(seq)[1]
            if page and size > PAGE_BYTES:
                break
            page.append(seq)
        return page

    def fetch(self, seqs: Iterable[int]) -> list[Batch]:
        """Read commits from the journal. Raises JournalDamaged where one is not there any more."""
        return [batch for extent in self._extents(seqs) for batch in self._read(extent)]

    def _place(self, seq: int) -> tuple[int, int]:
        packed = self._packed[seq - 1]
        return packed >> _OFFSET_BITS, packed & ((1 << _OFFSET_BITS) - 1)

    def _end(self, seq: int) -> int:
        segment, _ = self._place(seq)
        if seq < len(self._packed):
            following, offset = self._place(seq + 1)
            if following == segment:
                return offset
        return self._ends[segment - 1]

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
