"""When it is time for a checkpoint, the thread that writes it meanwhile, and what if it cannot."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from pmrunnerd.model.state import State
from pmrunnerd.store.checkpoint import BYTES, COMMITS, Checkpoint
from pmrunnerd.store.durable import PASSING
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, StoreFailed, trouble
from pmrunnerd.store.past import Past
from pmrunnerd.store.segments import Place

log: Final = logging.getLogger(__name__)


class Checkpoints:
    """Makes one after every so many commits. `states` are those that finished plans leave.

    What passes puts it off. Damage of the history ends it until the next start makes that anew, and
    so does damage of the journal. Any other error means that the disk cannot be trusted: `fail` is
    told.
    """

    def __init__(
        self,
        past: Past,
        *,
        states: Callable[[], Iterable[State]],
        fail: Callable[[StoreFailed], None],
        commits: int = COMMITS,
    ) -> None:
        self._past = past
        self._states = states
        self._fail = fail
        self._commits = commits
        self._due = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._writing: Checkpoint | None = None
        self._error: Exception | None = None
        self._is_over = False
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self._left, self._room = self._commits, BYTES
        self._due.clear()

    def count(self, place: Place) -> None:
        """Take note of a commit that is durable."""
        self._left -= 1
        self._room -= place.size
        if self.is_due:
            self._due.set()

    @property
    def is_due(self) -> bool:
        """Tell whether it is time."""
        return self._left <= 0 or self._room <= 0

    def catch_up(self, place: Place) -> None:
        """Take note of a commit that is replayed: keep memory, and the next start, small.

        Raises JournalDamaged where the journal changes meanwhile.
        """
        self.count(place)
        if self.is_due:
            self.make()
        if isinstance(self._past.wrong, JournalDamaged):
            raise self._past.wrong

    @property
    def may_be_made(self) -> bool:
        """Tell whether what a checkpoint is made of can be believed."""
        return not self._is_over and self._past.index.is_trusted

    def make(self) -> None:
        """Make one here and now: for a store that does not run."""
        is_due = self.may_be_made and self._past.checkpoint.seq < self._past.state.seq
        if is_due and self._begin():
            self._work(lambda: None)
            self._end()

    async def run(self) -> None:
        """Make one whenever it is time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._due.wait()
            if not self.may_be_made:
                return
            if self._begin():
                done = asyncio.Event()
                wake = partial(loop.call_soon_threadsafe, done.set)
                thread = threading.Thread(
                    target=self._work, args=(wake,), name="checkpoint", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError as error:
                    self._error = MemoryError(str(error))  # "can't start new thread"
                else:
                    self._thread = thread
                    await done.wait()
                self._end()

    def close(self) -> None:
        """Finish what was begun; twice is once."""
        if self._thread is not None:
            self._thread.join()
        if self._writing is not None:
            self._end()

    def _begin(self) -> bool:
        """Collect what is to be written; tell whether that can be done."""
        self.forget()
        try:
            self._writing = Checkpoint(self._past)
        except Exception as error:  # noqa: BLE001 - it is told as if it had been written
            self._say(error)
        return self._writing is not None

    def _work(self, wake: Callable[[], object]) -> None:
        assert self._writing is not None
        try:
            self._writing.write()
        except Exception as error:  # noqa: BLE001 - a silent death here would keep all of it in memory
            self._error = error
        # A loop that is closed wakes nobody; `close` is followed by a last look.
        with contextlib.suppress(RuntimeError):
            wake()

    def _end(self) -> None:
        """Take in how it went, in the loop."""
        checkpoint, error = self._writing, self._error
        self._writing = self._thread = self._error = None
        assert checkpoint is not None
        wrong = self._past.index.wrong
        if error is None and wrong is None:
            checkpoint.settle(*self._states())
            return
        checkpoint.take_back()
        if wrong is not None:
            # It was found meanwhile, and the snapshot may have come after it was taken away.
            self._past.index.distrust(wrong)
        if error is not None:
            self._say(error)

    def _say(self, error: Exception) -> None:
        if isinstance(error, HistoryDamaged):
            self._past.index.distrust(error)
        elif isinstance(error, JournalDamaged):
            self._is_over = True
            self._past.found(error)
        elif isinstance(error, MemoryError):
            log.warning("a snapshot is put off: %s", str(error) or "out of memory")
        elif isinstance(error, OSError) and error.errno in PASSING:
            log.warning("a snapshot is put off: %s", trouble(error))
        elif isinstance(error, OSError):
            self._give_up(f"cannot make a snapshot in {self._past.directory}: {trouble(error)}")
        else:
            self._give_up(f"cannot make a snapshot: this is a bug in the store: {error!r}")

    def _give_up(self, why: str) -> None:
        log.critical("%s", why)
        self._fail(StoreFailed(why))
