"""Where each commit lies in the journal: eight bytes for each, and a way to read some of them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerd.model.errors import PmError
from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import LINE_LIMIT, Batch
from pmrunnerd.store.durable import BROKEN
from pmrunnerd.store.failures import JournalDamaged, TooNew, damaged
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.levels import NewerLevel
from pmrunnerd.store.segments import Extent, Place

# A page never costs more memory than this, or than its one commit that is larger.
PAGE_BYTES: Final = 4 << 20
_OFFSET_BITS: Final = 40
# Places that are looked up at once.
_NEAR: Final = 256


class _Extent(NamedTuple):
    """Bytes of a segment that hold whole commits, from commit `first` on."""

    segment: int
    start: int
    end: int
    first: int


class Places:
    """Durable commits only, in order, from the first one on. `segments` are known to that extent."""

    def __init__(self, journal: Journal, index: Index, segments: Sequence[Extent] = ()) -> None:
        self._journal = journal
        self._index = index
        self._packed = index.column("places")
        self._ends = [extent.size for extent in segments]
        self._firsts = [extent.first for extent in segments]

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, seq: int, place: Place) -> None:
        """Take in the next commit."""
        while len(self._ends) < place.segment:
            self._ends.append(0)
            self._firsts.append(seq)
        self._packed.append(place.segment << _OFFSET_BITS | place.offset)
        self._ends[place.segment - 1] = place.offset + place.size

    def segments(self) -> list[tuple[int, int]]:
        """Return of each segment its first commit and its bytes so far."""
        return list(zip(self._firsts, self._ends, strict=True))

    def where(self, seq: int) -> tuple[Path, int]:
        """Return the file and the line of a commit."""
        segment = bisect_right(self._firsts, seq)
        return self._journal.path(segment), seq - self._firsts[segment - 1] + 1

    def where_next(self, place: Place) -> tuple[Path, int]:
        """Return the file and the line of the commit that would be taken in next."""
        seq = len(self._packed) + 1
        first = self._firsts[place.segment - 1] if place.segment <= len(self._firsts) else seq
        return self._journal.path(place.segment), seq - first + 1

    def affordable(self, seqs: Sequence[int]) -> list[int]:
        """Return the first of them that make a page, and at least one."""
        size, count = 0, 0
        for extent in self._extents(seqs):
            size += extent.end - extent.start
            if count and size > PAGE_BYTES:
                break
            count += 1
        return list(seqs[:count])

    def fetch(self, seqs: Sequence[int]) -> list[Batch]:
        """Read commits from the journal. Raises JournalDamaged where one is not there any more."""
        return [batch for extent in _joined(self._extents(seqs)) for batch in self._read(extent)]

    def _extents(self, seqs: Sequence[int]) -> Iterator[_Extent]:
        """Yield where each of them is; one look at the column serves all that are near."""
        near: Sequence[int] = ()
        first = 1
        for seq in seqs:
            # A commit ends where the next one begins, so that one is wanted, too.
            if not first <= seq < first + len(near) - 1:
                first = max(seq - _NEAR // 2, 1)
                near = self._packed.read(first - 1, first + _NEAR)
            if not first <= seq < first + len(near):
                raise self._index.damaged(f"cannot find commit {seq}: there are {len(self)}")
            segment, start = _unpacked(near[seq - first])
            end = self._ends[segment - 1] if 0 < segment <= len(self._ends) else 0
            if seq + 1 < first + len(near):
                following, offset = _unpacked(near[seq + 1 - first])
                end = offset if following == segment else end
            if not start < end <= start + LINE_LIMIT:
                raise self._index.damaged(f"cannot find commit {seq}: it is no part of the journal")
            yield _Extent(segment, start, end, seq)

    def _read(self, extent: _Extent) -> Iterator[Batch]:
        try:
            raw = self._journal.read(extent.segment, extent.start, extent.end - extent.start)
        except OSError as error:
            if error.errno not in BROKEN:
                raise
            raise self._gone(extent.first) from error
        for seq, line in enumerate(raw.removesuffix(b"\n").split(b"\n"), start=extent.first):
            if (found := self._decoded(seq, lines.body(line))) is None:
                raise self._wrong(seq)
            yield found

    def _decoded(self, seq: int, json: bytes | None) -> Batch | None:
        """Return the commit that a line holds, if it is that one."""
        try:
            found = lines.decode(json, self._journal.levels) if json is not None else None
        except NewerLevel as newer:
            path, number = self.where(seq)
            raise TooNew.line(path, number, newer.level, self._journal.levels.newest) from newer
        except msgspec.DecodeError:
            return None
        return found if found is not None and found.seq == seq else None

    def _gone(self, seq: int) -> JournalDamaged:
        """Return what is damaged where the disk does not give the line of a commit any more."""
        wrong = damaged(*self.where(seq), "or one after it cannot be read any more")
        self._index.distrust(wrong)
        return wrong

    def _wrong(self, seq: int) -> PmError:
        """Return what is damaged where a commit is not in its place: its line, or the column."""
        path, number = self.where(seq)
        if self._decoded(seq, self._journal.line(bisect_right(self._firsts, seq), number)):
            return self._index.damaged(
                f"cannot find commit {seq}: it is in line {number} of {path}"
            )
        wrong = damaged(path, number, "is not what was read before")
        self._index.distrust(wrong)
        return wrong


def _unpacked(packed: int) -> tuple[int, int]:
    return packed >> _OFFSET_BITS, packed & ((1 << _OFFSET_BITS) - 1)


def _joined(extents: Iterable[_Extent]) -> Iterator[_Extent]:
    """Join neighbours, to be read at once."""
    joined: _Extent | None = None
    for extent in extents:
        if joined is not None and (joined.segment, joined.end) == (extent.segment, extent.start):
            joined = joined._replace(end=extent.end)
            continue
        if joined is not None:
            yield joined
        joined = extent
    if joined is not None:
        yield joined
