"""What is durable, folded: the state it makes, where each commit lies, which requests it answered."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zlib import crc32

from pmrunnerd.model.tables import Write
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import damaged
from pmrunnerd.store.finished import Finished
from pmrunnerd.store.history import History
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.lists import Lists
from pmrunnerd.store.requests import WINDOW, Requests
from pmrunnerd.store.segments import Extent, Place
from pmrunnerd.store.snapshot import NONE, Snapshot

# For how long a request is remembered, if not so many others are made, and how long it is fresh,
# in milliseconds.
AGE: Final = 24 * 3600 * 1000
_FRESH: Final = 1000
_CHUNK: Final = 1 << 20
log: Final = logging.getLogger(__name__)


class Past:
    """Grows by one durable commit at a time, in order, and never otherwise.

    `checkpoint` is the last snapshot that was written; `unread` are segments whose content was not
    looked at when this was opened; `is_stale` says that a snapshot lies there that is not believed.
    """

    def __init__(
        self, directory: Path, journal: Journal, disk: Disk, *, window: int = WINDOW
    ) -> None:
        self.directory = directory
        self._window = window
        self.unread: Sequence[Extent] = ()
        self.is_stale = False
        self.disk = disk
        self.journal = journal
        self._begin_with(NONE)

    def replay(
        self,
        *,
        at_least: int,
        aside: Path,
        at: str,
        each: Callable[[Place], object],
    ) -> None:
        """Take in the journal, from the snapshot on where that can be believed.

        `each` is called after each commit. Raises JournalDamaged naming file and line.
        """
        self.disk.make_directory(self.directory / "history")
        if (found := self._believable()) is not None:
            self._begin_with(found)
        else:
            self.unread = ()
        for batch, place in self.journal.replay(
            self.checkpoint.segments, self.checkpoint.seq, at_least=at_least, aside=aside, at=at
        ):
            try:
                self.state.written(batch.fold)
                self._add(batch, place)
            except Exception as error:
                why = f"cannot be taken in: {error!s}"
                raise damaged(*self.history.where_next(place), why) from error
            each(place)

    def take_in(self, batch: Batch, place: Place, writes: Sequence[Write]) -> None:
        """Add a commit that is durable, and what was written for it when it was tried."""
        self.state.follow(writes)
        self._add(batch, place)

    def _add(self, batch: Batch, place: Place) -> None:
        self.state.seq = batch.seq
        self.history.add(batch, place, self.state)
        if batch.request:
            self.requests.add(batch.request, batch.seq)

    def find(self, request: str) -> Batch | None:
        """Return the commit that a request became, while it is remembered."""
        found = (self.history.one(seq) for seq in self.requests.find(request))
        return next((batch for batch in found if batch.request == request), None)

    def may_have_forgotten(self, made: int, now: str) -> bool:
        """Tell whether a request made at some time, in milliseconds, may not be remembered any more.

        What was made later than the oldest that is remembered would be remembered, too.
        """
        age = _milliseconds(now) - made
        if age >= AGE:
            return True
        # Not even all that can be recorded in so short a time would fill the window.
        oldest = self.requests.oldest() if age > _FRESH else None
        return oldest is not None and made < _milliseconds(self.history.one(oldest).at)

    def _begin_with(self, snapshot: Snapshot) -> None:
        history = self.directory / "history"
        self.checkpoint = snapshot
        self.index = Index(
            self.disk,
            history,
            snapshot.columns,
            retract=lambda: snapshots.retract(self.disk, self.directory),
        )
        self.finished = Finished(self.disk, self.index, snapshot.finished, snapshot.moved)
        self.state = snapshot.living.state(snapshot.seq, self.finished.find)
        self.history = History(self.journal, self.index, snapshot.segments)
        self.requests = Requests(self.index.column("requests"), window=self._window)
        self.lists = Lists(self.state, self.index)

    def _believable(self) -> Snapshot | None:
        """Return the snapshot, if the journal still is what it was made from."""
        found = snapshots.load(self.disk, self.directory)
        if found is not None and self._is_as_it_was(found):
            return found
        # It stays until there is another one to be written: a journal that is refused is left alone.
        self.is_stale = snapshots.is_there(self.disk, self.directory)
        if self.is_stale:
            log.warning("%s is not believed; reading the whole journal", snapshots.FILE)
        return None

    def _is_as_it_was(self, snapshot: Snapshot) -> bool:
        """Look at the size of each segment that a snapshot knows, and at what the newest say.

        What the others say is looked at while the daemon runs: that may take long.
        """
        try:
            return (
                self._sizes_are_right(snapshot.segments)
                and all(
                    self.disk.size_of(self.directory / "history" / name) >= size
                    for name, size in snapshots.sizes(snapshot)
                )
                and all(
                    self.sum(number, 0, extent.size, 0) == extent.sum
                    for number, extent in self._newest(snapshot.segments)
                )
            )
        except FileNotFoundError:
            return False

    def _sizes_are_right(self, segments: Sequence[Extent]) -> bool:
        for number, extent in enumerate(segments, start=1):
            size = self.disk.size_of(self.journal.path(number))
            grows = number == len(segments)
            if size < extent.size or (size > extent.size and not grows):
                return False
        return True

    def _newest(self, segments: Sequence[Extent]) -> Iterator[tuple[int, Extent]]:
        """Yield the segments that a start looks at: the last one, and what makes one with it."""
        room = self.journal.limit
        self.unread = segments
        for number, extent in reversed(list(enumerate(segments, start=1))):
            room -= extent.size
            if room < 0 and number < len(segments):
                return
            self.unread = segments[: number - 1]
            yield number, extent

    def sum(self, segment: int, start: int, end: int, before: int) -> int:
        """Return the crc32 of a segment up to a byte, given that of the bytes before another one."""
        for chunk in self._chunks(segment, start, end):
            before = crc32(chunk, before)
        return before

    def _chunks(self, segment: int, start: int, end: int) -> Iterator[bytes]:
        while start < end and (
            chunk := self.journal.read(segment, start, min(_CHUNK, end - start))
        ):
            yield chunk
            start += len(chunk)


def _milliseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)
