"""When it is time for a checkpoint, and the thread that writes it while the loop goes on."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final

from pmrunnerd.model.state import State
from pmrunnerd.store.checkpoint import BYTES, COMMITS, Checkpoint
from pmrunnerd.store.durable import FULL
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.past import Past
from pmrunnerd.store.segments import Place

log: Final = logging.getLogger(__name__)


class Checkpoints:
    """Makes one after every so many commits. `states` are those that finished plans leave.

    A full disk puts it off. Any other error means that the disk cannot be trusted: `fail` is told.
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
        self._error: OSError | None = None
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

    def make(self) -> None:
        """Make one here and now: for a store that does not run."""
        if self._past.state.seq > self._past.checkpoint.seq and self._past.index.is_trusted:
            self._begin()
            self._work(None, lambda: None)
            self._end()

    async def run(self) -> None:
        """Make one whenever it is time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._due.wait()
            if not self._past.index.is_trusted:
                return
            done = asyncio.Event()
            self._begin()
            self._thread = threading.Thread(
                target=self._work, args=(loop, done.set), name="checkpoint", daemon=True
            )
            self._thread.start()
            await done.wait()
            self._end()

    def close(self) -> None:
        """Finish what was begun; twice is once."""
        if self._thread is not None:
            self._thread.join()
        if self._writing is not None:
            self._end()

    def _begin(self) -> None:
        self._writing = Checkpoint(self._past)
        self.forget()

    def _work(self, loop: asyncio.AbstractEventLoop | None, done: Callable[[], None]) -> None:
        assert self._writing is not None
        try:
            self._writing.write()
        except OSError as error:
            self._error = error
        # A loop that is closed wakes nobody; `close` is followed by a last look.
        with contextlib.suppress(RuntimeError):
            if loop is not None:
                loop.call_soon_threadsafe(done)

    def _end(self) -> None:
        """Take in how it went, in the loop."""
        checkpoint, error = self._writing, self._error
        self._writing = self._thread = self._error = None
        assert checkpoint is not None
        if error is None:
            checkpoint.settle(*self._states())
        elif error.errno in FULL:
            log.warning("a snapshot is put off: %s", error.strerror)
        else:
            where = error.filename or self._past.directory
            self._fail(StoreFailed(f"cannot write in {where}: {error.strerror}"))
