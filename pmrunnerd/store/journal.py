"""The one truth: every commit ever made, one line each, in segments that are never pruned.

`journal/00000001.jsonl` and so on; sequence numbers go on from one to the next without a gap. Only
the end of the last segment can be torn. A position is a segment and a byte offset inside it.
"""

import logging
from bisect import bisect_right
from collections.abc import Generator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.aside import dated
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.durable import FULL, PASSING, SCARCE, Disk
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.levels import CURRENT, Levels
from pmrunnerd.store.replay import replay
from pmrunnerd.store.segments import Extent, Place, path_of, present, read_lines
from pmrunnerd.store.tail import cut

SEGMENT_LIMIT: Final = 64 << 20
log: Final = logging.getLogger(__name__)


class Written(NamedTuple):
    """What became of a group: places of its first lines, which are durable; why not the rest."""

    places: list[Place]
    error: Unavailable | None = None


class Journal:
    """Replay it once, to its end; then append. It belongs to one thread at a time."""

    def __init__(
        self,
        directory: Path,
        disk: Disk,
        *,
        segment_limit: int = SEGMENT_LIMIT,
        levels: Levels = CURRENT,
    ) -> None:
        self.directory = directory
        self.levels = levels
        self._disk = disk
        self.limit = segment_limit
        self._segment = 0
        self._file: int | None = None
        self._whole = 0

    def path(self, segment: int) -> Path:
        """Return where a segment is."""
        return path_of(self.directory, segment)

    def replay(
        self, known: Sequence[Extent] = (), seq: int = 0, *, at_least: int, aside: Path, at: str
    ) -> Generator[tuple[Batch, Place], None, None]:
        """Yield every commit; then the end is durable, and a torn tail is kept in `aside`.

        `at_least` is a commit that the journal is known to have reached; `known` are its segments
        as far as commit `seq`, after which to begin. Raises JournalDamaged, before it changes
        anything, if it is not what was made durable.
        """
        self._disk.make_directory(self.directory)
        self._make_durable()
        end = yield from replay(self._disk, self.directory, at_least, known, seq, self.levels)
        segment, how = end.segment or 1, "there" if end.segment else "new"
        self._use(segment, self._disk.open(self.path(segment), how))
        file = self._file_open()
        if end.tail:
            whole = self._disk.size(file) - len(end.tail)
            name = dated(at, f"journal-{end.segment:08}-{whole}")
            cut(self._disk, file, end.tail, aside / name)
        self._whole = self._disk.size(file)
        if end.tail or not end.segment:
            self._disk.sync(file)
            self._disk.sync_directory(self.directory)

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

    def line(self, segment: int, number: int) -> bytes | None:
        """Return the JSON of a line of a segment, None where it is not whole; reads all before it."""
        path = self.path(segment)
        file = self._disk.open(path, "read")
        try:
            found = (line for line in read_lines(self._disk, file, path) if line.number == number)
            return next((line.json for line in found), None)
        finally:
            self._disk.close(file)

    def close(self) -> None:
        """Let go of the file that is open; twice is once."""
        if self._file is not None:
            self._disk.close(self._file)
            self._file = None

    def _make_durable(self) -> None:
        """Have what is there survive a power cut, before anything is made from it.

        If it was the daemon that died, the last segment and its name may be in memory only.
        """
        if there := present(self._disk, self.directory):
            file = self._disk.open(self.path(there[-1]))
            try:
                self._disk.sync(file)
            finally:
                self._disk.close(file)
            self._disk.sync_directory(self.directory)

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
        if self._whole < self.limit:
            return
        path = self.path(self._segment + 1)
        try:
            file = self._disk.open(path, "new")
        except OSError as error:
            if error.errno not in PASSING:
                raise
            self._stay(error)
            return
        try:
            self._disk.sync_directory(self.directory)
        except OSError as error:
            self._disk.close(file)
            self._disk.remove(path)
            if error.errno not in SCARCE:
                raise
            # It had the last descriptor, and has given it back. If a power cut brought the name back,
            # what is torn in the segment before it would be damage.
            self._disk.sync_directory(self.directory)
            self._stay(error)
            return
        self._use(self._segment + 1, file)

    def _stay(self, error: OSError) -> None:
        """Go on in the segment that is full: the limit is a wish until another one can be made."""
        log.warning("%s stays in use: %s", self.path(self._segment), error.strerror)

    def _use(self, segment: int, file: int) -> None:
        self.close()
        self._segment, self._file, self._whole = segment, file, 0

    def _file_open(self) -> int:
        assert self._file is not None, "the journal is closed, or was not replayed"
        return self._file

    def _cannot(self, error: OSError) -> str:
        return f"cannot record in {self.path(self._segment)}: {error.strerror}"
