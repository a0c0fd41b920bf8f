"""What is durable, folded: the state it makes, where each commit lies, which requests it answered."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.tables import Write
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.aside import ASIDE
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.believe import is_as_it_was, unread
from pmrunnerd.store.durable import PASSING, Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, damaged, trouble, unreadable
from pmrunnerd.store.finished import Finished
from pmrunnerd.store.history import History
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.lists import Lists
from pmrunnerd.store.requests import WINDOW, Requests
from pmrunnerd.store.scrub import scrub, scrub_history
from pmrunnerd.store.segments import Extent, Place
from pmrunnerd.store.snapshot import NONE, Snapshot

# For how long a request is remembered, if not so many others are made, and how long it is fresh,
# in milliseconds.
AGE: Final = 24 * 3600 * 1000
_FRESH: Final = 1000
log: Final = logging.getLogger(__name__)


class _Unfit(Exception):
    """A commit does not follow from what is before it, or what is put away cannot be read."""

    def __init__(self, error: PmError | OSError) -> None:
        super().__init__(str(error))
        self.error = error


class Past:
    """Grows by one durable commit at a time, in order, and never otherwise.

    `checkpoint` is the last snapshot that was written; `unread` are segments whose content was not
    looked at when this was opened; `is_stale` says that a snapshot lies there that is not believed.
    `remember` is told how far the journal is, at least, before a snapshot that proves it is taken away.
    """

    def __init__(
        self, directory: Path, journal: Journal, disk: Disk, *, window: int = WINDOW
    ) -> None:
        self.directory = directory
        self.remember: Callable[[int], object] = lambda _: None
        self._window = window
        self.unread: Sequence[Extent] = ()
        self.is_stale = False
        self._damage: JournalDamaged | None = None
        self.disk = disk
        self.journal = journal
        self._begin_with(NONE)

    def replay(self, *, at_least: int, at: str, each: Callable[[Place], object]) -> None:
        """Take in the journal, from the snapshot on where that can be believed.

        `at_least` is a commit that it is known to have reached; a torn end goes to `set-aside/`;
        `each` is called after each commit. Raises JournalDamaged naming file and line, and OSError.
        """
        self.disk.make_directory(self.directory / "history")
        read = partial(self._read, at_least=at_least, at=at, each=each)
        if (found := self._believable()) is not None:
            self.unread = unread(self.journal, found.segments)
            try:
                self._begin_with(found)
                read()
            except (_Unfit, HistoryDamaged, OSError) as error:
                if isinstance(error, OSError) and error.errno in PASSING:
                    raise
                # The snapshot may be what is wrong, so the journal is asked without it.
                why = error.error if isinstance(error, _Unfit) else error
                log.warning("%s is not believed: %s", snapshots.FILE, trouble(why))
                self.is_stale = True
            else:
                return
        self._begin_with(NONE)
        self.unread = ()
        try:
            read()
        except _Unfit as unfit:
            raise unfit.error from unfit

    def _read(self, *, at_least: int, at: str, each: Callable[[Place], object]) -> None:
        known, aside = self.checkpoint, self.directory / ASIDE
        for batch, place in self.journal.replay(
            known.segments, known.seq, at_least=at_least, aside=aside, at=at
        ):
            try:
                self.state.written(batch.fold)
                self._add(batch, place)
            except MemoryError:
                raise
            except OSError as error:
                if error.errno in PASSING:
                    raise
                raise _Unfit(error) from error
            except Exception as error:
                why = f"cannot be taken in: {error!s}"
                raise _Unfit(damaged(*self.history.where_next(place), why)) from error
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

    @property
    def wrong(self) -> PmError | None:
        """What was found that is not as it was written; its hint says what a person does."""
        return self._damage or self.index.wrong

    async def scrub(self) -> None:
        """Look at what a start does not look at; what is found is `wrong`.

        Raises OSError for what passes.
        """
        try:
            with unreadable(JournalDamaged):
                await scrub(self.disk, self.journal, self.unread)
            with unreadable(HistoryDamaged):
                await scrub_history(self.disk, self.directory / "history", self._begun)
        except JournalDamaged as damage:
            self.found(damage)
        except HistoryDamaged as wrong:
            self.index.distrust(wrong)

    def found(self, damage: JournalDamaged) -> None:
        """Take note that the journal is not what was made durable."""
        log.critical("%s; %s", damage, damage.hint)
        self._damage = damage

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
        self.checkpoint = self._begun = snapshot.without_the_living()
        self.index = Index(
            self.disk,
            history,
            snapshot.columns,
            snapshot.sums,
            retract=self._retract,
        )
        self.finished = Finished(self.disk, self.index, snapshot.finished, snapshot.moved)
        self.finished.forget(snapshot.living.plans)
        self.state = snapshot.living.state(snapshot.seq, self.finished.find)
        self.finished.is_alive = self.state.plans.is_alive
        self.history = History(self.journal, self.index, snapshot.segments)
        self.requests = Requests(self.index.column("requests"), window=self._window)
        self.lists = Lists(self.state, self.index)

    def _retract(self) -> None:
        """Take the snapshot away, and with it what proves how far the journal is: remember that."""
        self.remember(self.state.seq)
        snapshots.retract(self.disk, self.directory)

    def _believable(self) -> Snapshot | None:
        """Return the snapshot, if the journal still is what it was made from."""
        found = snapshots.load(self.disk, self.directory)
        if found is not None and is_as_it_was(
            self.disk, self.directory, self.journal, found, self._window
        ):
            return found
        # It stays until there is another one to be written: a journal that is refused is left alone.
        self.is_stale = snapshots.is_there(self.disk, self.directory)
        if self.is_stale:
            log.warning("%s is not believed; reading the whole journal", snapshots.FILE)
        return None


def _milliseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)
