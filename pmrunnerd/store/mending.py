"""What is wrong with a journal and what it would be mended to: looked at, weighed, not touched.

Every commit that can be read and that still follows stays. Each of the others gives its number to
a placeholder, so that one bad line costs one commit and not all behind it.
"""

from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.state import State
from pmrunnerd.model.upkeep import Finding
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.doubts import Doubts
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.hearsay import hearsay
from pmrunnerd.store.segments import path_of, present
from pmrunnerd.store.survey import Found, survey

# More commits than fit into a segment are not missing in one place: a number is wrong.
GAP_LIMIT: Final = 4 << 20


class Keep(NamedTuple):
    """Bytes of a segment that stay as they are."""

    offset: int
    size: int


class Lost(NamedTuple):
    """A number whose commit becomes a placeholder; `line` is 0 where nothing of it is there."""

    seq: int
    segment: int
    line: int
    why: str
    raw: bytes


class Mending:
    """Made from a journal; then `findings`, `segments` as they should be, and `changed` ones."""

    def __init__(self, disk: Disk, directory: Path, at_least: int) -> None:
        self.findings: list[Finding] = []
        self.segments: dict[int, list[Keep | Lost]] = {}
        self.changed: set[int] = set()
        self.state = State()
        self.doubts = Doubts()
        self.seq = self.bytes = self.torn = 0
        self._directory = directory
        self._bad: list[tuple[int, Found]] = []
        self._hollow: int | None = None
        there = present(disk, directory) if disk.is_directory(directory) else []
        for segment in range(1, max(there, default=0) + 1):
            self._take_segment(disk, segment, there)
        self._end(max(there, default=1), at_least)

    @property
    def lost(self) -> list[Lost]:
        """Return every number that becomes a placeholder."""
        return [part for parts in self.segments.values() for part in parts if type(part) is Lost]

    def _take_segment(self, disk: Disk, segment: int, there: list[int]) -> None:
        self.segments[segment] = []
        if segment not in there:
            self._find(segment, 0, "is missing")
            self.changed.add(segment)
        self.torn, followed = 0, False
        if segment in there:
            for found in survey(
                disk, self._directory, segment, self.seq, last=segment == there[-1]
            ):
                self.bytes += found.size
                if found.torn:
                    self.torn = found.size
                elif found.batch is None:
                    self._bad.append((segment, found))
                    self.changed.add(segment)
                else:
                    self._take(segment, found, found.batch)
                    followed = True
        if not followed and self._hollow is None:
            self._hollow = segment

    def _take(self, segment: int, found: Found, batch: Batch) -> None:
        if batch.seq <= self.seq:
            why = f"is commit {batch.seq} where {self.seq + 1} was expected"
            self._find(segment, found.line, why)
            self.changed.add(segment)
            return
        self._fill(batch.seq - self.seq - 1, segment)
        self._hollow = None
        self.seq = batch.seq
        try:
            self.state.written(batch.fold)
        except Exception as error:  # noqa: BLE001 - whatever it is, opening would stop at it
            lost = Lost(batch.seq, segment, found.line, f"does not follow: {error}", encode(batch))
            self._lose(segment, lost)
        else:
            self._keep(segment, found)

    def _keep(self, segment: int, found: Found) -> None:
        parts = self.segments[segment]
        before = parts[-1] if parts else None
        if isinstance(before, Keep) and before.offset + before.size == found.offset:
            parts[-1] = Keep(before.offset, before.size + found.size)
        else:
            parts.append(Keep(found.offset, found.size))

    def _fill(self, missing: int, segment: int) -> None:
        """Give every number that is missing before the next commit to a placeholder."""
        if missing > GAP_LIMIT:
            raise Refused(
                f"cannot mend {self._directory}: {missing} commits are missing after {self.seq}",
                hint="pmrunnerctl state restore ARCHIVE",
            )
        where = self._hollow or segment
        for number in range(missing):
            if number < len(self._bad):
                origin, found = self._bad[number]
                lost = Lost(self.seq + number + 1, origin, found.line, found.why, found.raw)
                self._lose(origin, lost)
            else:
                self._lose(where, Lost(self.seq + number + 1, where, 0, "is missing", b""))
        for origin, found in self._bad[missing:]:
            self._find(origin, found.line, found.why, found.raw)
        self._bad.clear()

    def _lose(self, segment: int, lost: Lost) -> None:
        # A number may lie in no segment before the one in which the last one lies.
        later = max((n for n, parts in self.segments.items() if parts), default=segment)
        self.segments[max(segment, later)].append(lost)
        self.changed.add(max(segment, later))
        self.doubts.lose(lost.raw, self.state)
        self._find(lost.segment, lost.line, f"commit {lost.seq} {lost.why}", lost.raw)

    def _end(self, last: int, at_least: int) -> None:
        """Make the journal reach what was durable; a bad line there may have been promised too."""
        missing = max(len(self._bad), at_least - self.seq)
        if missing > 0:
            self.segments.setdefault(last, [])
            self._fill(missing, last)
            self.seq += missing

    def _find(self, segment: int, line: int, why: str, raw: bytes = b"") -> None:
        file = str(path_of(self._directory, segment))
        said = hearsay(raw, self.state)
        self.findings.append(Finding(file=file, line=line, why=why, said=said))
