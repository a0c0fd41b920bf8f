"""The way to the disk: what was committed waits here, in order, for the group it travels with.

Two groups may be on their way: while the disk works on one, the other lies ready, so that neither
the disk waits for the loop nor the loop for the disk. If a commit is refused, so is everything
behind it, because that was decided on top of it.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.failures import StoreFailed, trouble
from pmrunnerd.store.journal import Journal, Written
from pmrunnerd.store.segments import Place
from pmrunnerd.store.writer import Writer

GROUP_BYTES: Final = 4 << 20
# Groups that may be on their way at a time: one that is written and one that lies ready.
AHEAD: Final = 2


class Pipeline:
    """`arrived` is called for each commit that is durable, `refused` once for those that are not.

    Whoever awaits a commit learns it after that. All in the thread of the loop.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        arrived: Callable[[Commit, Place], None],
        refused: Callable[[list[Commit]], None],
    ) -> None:
        self._journal = journal
        self._arrived = arrived
        self._refused = refused
        self._writer = Writer(journal)
        self._queued: list[Commit] = []
        self._writing: deque[list[Commit]] = deque()
        self._moved = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn_due = False
        self._usual = 0
        self._closing = False
        self.failed: StoreFailed | None = None

    def check(self) -> None:
        """Raise StoreFailed if the disk broke its word."""
        if self.failed is not None:
            raise StoreFailed(str(self.failed), hint=self.failed.hint)

    def check_open(self) -> None:
        """Raise StoreFailed or Unavailable if nothing can be sent any more."""
        self.check()
        if self._closing:
            raise Unavailable("cannot record anything: the daemon is stopping")

    def send(self, commit: Commit) -> None:
        """Send a commit on its way, behind all others."""
        self._queued.append(commit)
        if self._loop is None:
            return
        if not self._writing and 2 * len(self._queued) >= self._usual:
            # Half of those who wrote last: the disk works on them while the others are decided on.
            self._submit()
        elif not self._turn_due and len(self._writing) < AHEAD:
            # In a turn of its own: all who are about to commit do so first, and make one group.
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def last(self) -> Commit | None:
        """Return the commit after which nothing is on its way any more."""
        flying = self._queued or (self._writing[-1] if self._writing else [])
        return flying[-1] if flying else None

    async def moved(self) -> None:
        """Wait until a group arrived, or did not."""
        await self._moved.wait()

    async def run(self) -> None:
        """Keep writing until cancelled; then write what was accepted, and accept no more.

        Raises StoreFailed as soon as the disk cannot be trusted any more.
        """
        self._loop = asyncio.get_running_loop()
        self._writer.start(self._loop, self._turn)
        self._turn()
        try:
            while self.failed is None:
                await self.moved()
            raise self.failed
        finally:
            self._closing = True
            if last := self.last():
                with contextlib.suppress(Unavailable):
                    await last
            self._loop = None

    def flush(self) -> None:
        """Write everything here and now: for a store that does not run (yet)."""
        assert self._loop is None, "a pipeline that runs flushes itself"
        assert not self._writing, "what the writer had is collected first"
        while self._queued and self.failed is None:
            self._written(self._journal.append(self._next_group()))

    def fail(self, error: StoreFailed) -> None:
        """Record nothing any more: the disk broke its word elsewhere."""
        self._take_back([], error)
        self._tell()

    def close(self) -> None:
        """Write what is left and accept no more; twice is once."""
        self._writer.stop()
        self._loop = None
        self._collect()
        self.flush()
        self._closing = True

    def _turn(self) -> None:
        self._turn_due = False
        self._collect()
        if self._queued and len(self._writing) < AHEAD and self._loop is not None:
            self._submit()

    def _submit(self) -> None:
        group = self._next_group()
        self._usual = len(group)
        self._writer.submit(group)

    def _next_group(self) -> list[bytes]:
        size, count = 0, 0
        for commit in self._queued:
            size += len(commit.line)
            if count and size > GROUP_BYTES:
                break
            count += 1
        group, self._queued = self._queued[:count], self._queued[count:]
        self._writing.append(group)
        return [commit.line for commit in group]

    def _collect(self) -> None:
        while (written := self._writer.result()) is not None:
            self._written(written)

    def _written(self, written: Written) -> None:
        group = self._writing.popleft()
        error, kept = written.error, 0
        try:
            for commit, place in zip(group, written.places, strict=False):
                self._arrived(commit, place)
                commit.settle()
                kept += 1
        except OSError as unread:
            error = StoreFailed(f"cannot take in a commit: {trouble(unread)}")
        except Exception as bug:  # noqa: BLE001 - whoever waits must not wait for ever
            error = StoreFailed(f"cannot take in a commit: this is a bug in the store: {bug!r}")
        if error is not None:
            self._take_back(group[kept:], error)
        self._tell()

    def _tell(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _take_back(self, group: list[Commit], error: Unavailable) -> None:
        if isinstance(error, StoreFailed):
            self.failed = error
        # Groups behind this one were not written either: the writer stops at an error.
        behind = [commit for later in self._writing for commit in later]
        gone = [*group, *behind, *self._queued]
        self._queued = []
        self._writing.clear()
        self._writer.forget()
        self._refused(gone)
        for commit in gone:
            commit.settle(error)
