"""The one truth: every commit ever made, one line each, in segments that are never pruned.

`journal/00000001.jsonl` and so on; sequence numbers go on from one to the next without a gap. Only
the end of the last segment can be torn. A position is a segment and a byte offset inside it.
"""

import errno
import logging
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, StoreFailed, damaged
from pmrunnerd.store.segments import Line, names_of, read_lines

SEGMENT_LIMIT: Final = 64 << 20
# What a write says when there is no room. Other errors are not the disk being full.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_log: Final = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a line is: its segment, its first byte, how many bytes with its end."""

    segment: int
    offset: int
    size: int


class Written(NamedTuple):
    """What became of a group: places of its first lines, which are durable; why not the rest."""

    places: list[Place]
    error: Unavailable | None = None


class Journal:
    """Replay it once, to its end; then append. It belongs to one thread at a time."""

    def __init__(self, directory: Path, disk: Disk, *, segment_limit: int = SEGMENT_LIMIT) -> None:
        self.directory = directory
        self._disk = disk
        self._limit = segment_limit
        self._segment = 0
        self._file: int | None = None
        self._whole = 0

    def path(self, segment: int) -> Path:
        """Return where a segment is."""
        return self.directory / f"{segment:08}.jsonl"

    def replay(self, *, at_least: int, aside: Path, at: str) -> Iterator[tuple[Batch, Place]]:
        """Yield every commit; then the end is durable, and a torn tail is kept in `aside`.

        `at_least` is a commit that the journal is known to have reached. Raises JournalDamaged,
        before it changes anything, if it is not what was made durable.
        """
        self._disk.make_directory(self.directory)
        segments = names_of(self._disk, self.directory)
        seq = 0
        torn: Line | None = None
        for segment in segments:
            if torn is not None:
                raise damaged(self.path(segment - 1), torn.number, "does not match its checksum")
            self._open(segment, "there")
            for line in read_lines(self._disk, self._file_open(), self.path(segment)):
                if line.json is None:
                    torn = line
                    break
                batch = self._decode(line, seq + 1)
                seq = batch.seq
                self._whole = line.offset + line.size
                yield batch, Place(segment, line.offset, line.size)
        if torn is not None:
            self._check_torn(torn)
        if seq < at_least:
            raise JournalDamaged(
                f"cannot read {self.directory}: it ends at commit {seq}, and {at_least} was durable"
            )
        if not segments:
            self._open(1, "new")
            self._disk.sync_directory(self.directory)
        elif torn is not None:
            self._cut(aside, at)
        # What was there may have been in memory only, if it was the daemon that died.
        self._disk.sync(self._file_open())

    def append(self, group: Sequence[bytes]) -> Written:
        """Write lines and make them durable with one sync.

        Where there is no room, the lines that fit stay and the others are as if never written.
        After StoreFailed nothing may be appended any more.
        """
        try:
            self._begin_next_if_full()
            return self._append(group)
        except OSError as error:
            return Written([], StoreFailed(self._cannot(error)))

    def read(self, segment: int, offset: int, size: int) -> bytes:
        """Return bytes of a segment. Any thread may ask."""
        file = self._disk.open(self.path(segment), "read")
        try:
            return self._disk.read_all(file, size, offset)
        finally:
            self._disk.close(file)

    def close(self) -> None:
        """Let go of the file that is open; twice is once."""
        if self._file is not None:
            self._disk.close(self._file)
            self._file = None

    def _append(self, group: Sequence[bytes]) -> Written:
        file, start = self._file_open(), self._whole
        ends = list(accumulate(map(len, group), initial=start))
        fit, error = len(group), None
        try:
            self._disk.write_all(file, b"".join(group), start)
        except OSError as cause:
            if cause.errno not in FULL:
                raise
            # Half a line may be there. Take it back, or the next line would land on top of it.
            fit = bisect_right(ends, self._disk.size(file)) - 1
            self._disk.truncate(file, ends[fit])
            error = Unavailable(self._cannot(cause), hint=f"df -h {self.directory}")
        if fit:
            self._disk.sync(file)
        self._whole = ends[fit]
        places = [Place(self._segment, a, b - a) for a, b in pairwise(ends[: fit + 1])]
        return Written(places, error)

    def _begin_next_if_full(self) -> None:
        if self._whole < self._limit:
            return
        try:
            self._open(self._segment + 1, "new")
        except OSError as error:
            if error.errno not in FULL | {errno.EMFILE, errno.ENFILE}:
                raise
            # The limit is a wish: this segment grows on until another one can be made.
            _log.warning("%s stays in use: %s", self.path(self._segment), error.strerror)
        else:
            self._disk.sync_directory(self.directory)

    def _open(self, segment: int, how: str) -> None:
        file = self._disk.open(self.path(segment), how)
        self.close()
        self._segment, self._file, self._whole = segment, file, 0

    def _file_open(self) -> int:
        assert self._file is not None, "the journal is closed, or was not replayed"
        return self._file

    def _decode(self, line: Line, expected: int) -> Batch:
        assert line.json is not None
        try:
            batch = lines.decode(line.json)
        except msgspec.DecodeError as error:
            raise damaged(
                self.path(self._segment), line.number, f"is malformed: {error}"
            ) from error
        if batch.seq != expected:
            why = f"is commit {batch.seq} where {expected} was expected"
            raise damaged(self.path(self._segment), line.number, why)
        return batch

    def _check_torn(self, line: Line) -> None:
        """Refuse a bad line unless it is one record at the very end that never became whole."""
        left = self._disk.size(self._file_open()) - self._whole
        if left <= lines.LINE_LIMIT and lines.is_torn(
            self._disk.read_all(self._file_open(), left, self._whole)
        ):
            return
        raise damaged(self.path(self._segment), line.number, "does not match its checksum")

    def _cut(self, aside: Path, at: str) -> None:
        """Keep what was torn, then cut it off. On a full disk the cut makes the room to keep it."""
        file = self._file_open()
        tail = self._disk.read_all(file, self._disk.size(file) - self._whole, self._whole)
        name = f"{at.translate(_PLAIN)}-journal-{self._segment:08}-{self._whole}"
        try:
            kept = self._disk.set_aside(aside, name, tail)
            self._disk.truncate(file, self._whole)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._disk.truncate(file, self._whole)
            kept = self._disk.set_aside(aside, name, tail)
        _log.warning("%s ended in a torn line; it is now %s", self.path(self._segment), kept)

    def _cannot(self, error: OSError) -> str:
        return f"cannot record in {self.path(self._segment)}: {error.strerror}"


_PLAIN: Final = str.maketrans("", "", "-:")
