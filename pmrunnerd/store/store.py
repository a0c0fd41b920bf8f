"""The one owner of `State`: what may happen is decided and recorded here in one breath.

`commit` does not await, so nothing slips between looking and recording. `ahead` is what handlers
decide on; `state` is what is durable, and the only thing that answers, effects and feeds may read.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import NotFound, TooLarge, Unavailable
from pmrunnerd.model.events import AnyEvent
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.commit import Commit, Earlier
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.journal import SEGMENT_LIMIT, Journal, Written
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.past import Past
from pmrunnerd.store.writer import Writer

GROUP_BYTES: Final = 4 << 20


class Store:
    """Open it, run it, close it. Everything but the disk happens in the thread that opened it.

    Opening raises Refused if another daemon has this state, JournalDamaged if it is not what was
    made durable, StoreFailed if the disk does not let us.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], str],
        *,
        release: str,
        disk: Disk | None = None,
        segment_limit: int = SEGMENT_LIMIT,
    ) -> None:
        self.directory = directory
        self._now = now
        disk = disk or Disk()
        self.failed: StoreFailed | None = None
        self._queued: list[Commit] = []
        self._writing: list[Commit] = []
        self._flying: dict[str, Commit] = {}
        self._moved = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn_due = False
        self._closing = False
        self._journal = Journal(directory / "journal", disk, segment_limit=segment_limit)
        self._past = Past(self._journal)
        self.state = self._past.state
        self._writer = Writer(self._journal)
        with contextlib.ExitStack() as undo:
            try:
                disk.make_directory(directory)
                lock = Lock(directory / "lock", at=now(), release=release, disk=disk)
                undo.callback(lock.close)
                undo.callback(self._journal.close)
                self._past.replay(at_least=lock.seen, aside=directory / "set-aside", at=now())
                lock.note(self.state.seq)
            except OSError as error:
                where = error.filename or directory
                raise StoreFailed(f"cannot open {where}: {error.strerror}") from error
            self._undo = undo.pop_all()
        self.ahead = self.state.copy()

    @property
    def durable(self) -> int:
        """The durable mark: the last commit that survives whatever happens."""
        return self.state.seq

    # Recording

    def commit(
        self, *facts: AnyEvent, request: str = "", digest: str = "", reply: bytes = b""
    ) -> Commit:
        """Try facts on `ahead`, take them in, and send them on their way to the disk.

        Raises what `evolve` says of an illegal fact, TooLarge, Unavailable while stopping, and
        StoreFailed; then nothing happened. Nothing to record is recorded when all before it is.
        """
        self._check_open()
        if not (facts or request):
            return self._last()
        assert request not in self._flying, "ask `earlier` first"
        draft = self.ahead.draft()
        draft.seq += 1
        batch = Batch(
            seq=draft.seq,
            at=self._now(),
            facts=facts,
            request=request,
            digest=digest,
            reply=reply,
        )
        for fact in facts:
            evolve(draft, fact, batch.at)
        commit = Commit(batch, self._line(batch))
        draft.settle()
        if request:
            self._flying[request] = commit
        self._queued.append(commit)
        self._turn_soon()
        return commit

    def earlier(self, request: str) -> Earlier | None:
        """Return what became of a request made before; it may still be on its way to the disk."""
        flying = self._flying.get(request)
        batch = flying.batch if flying else self._past.find(request)
        return None if batch is None else Earlier(batch.digest, batch.seq, batch.at)

    async def reply(self, request: str) -> bytes:
        """Return what a request made before was answered, once that is durable.

        Raises NotFound for a request that is not known, and what awaiting its commit raises.
        """
        if flying := self._flying.get(request):
            await flying
        batch = self._past.find(request)
        if batch is None:
            raise NotFound(f"cannot find request {request}")
        return batch.reply

    # Reading what is durable

    def read(self, since: int, limit: int = 256) -> list[Batch]:
        """Return commits after one, fewer than `limit` where they are large; empty at the end."""
        return self._past.history.read(since, limit)

    def conversation(self, project: str, before: int | None, limit: int) -> list[Batch]:
        """Return the last commits of a project's conversation before one, oldest first."""
        return self._past.history.conversation(project, before, limit)

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first commits of a project's conversation after one."""
        return self._past.history.conversation_since(project, since, limit)

    async def changed(self, since: int) -> int:
        """Wait until the durable mark is beyond a commit and return it. Raises StoreFailed."""
        while self.state.seq <= since:
            if self.failed is not None:
                raise StoreFailed(str(self.failed), hint=self.failed.hint)
            await self._moved.wait()
        return self.state.seq

    # Life

    async def run(self) -> None:
        """Keep writing until cancelled; then write what was accepted, and accept no more.

        Raises StoreFailed as soon as the disk cannot be trusted any more.
        """
        self._loop = asyncio.get_running_loop()
        self._writer.start(self._loop, self._turn)
        self._turn()
        try:
            while self.failed is None:
                await self._moved.wait()
            raise self.failed
        finally:
            self._closing = True
            with contextlib.suppress(Unavailable):
                await self._last()
            self._loop = None

    def flush(self) -> None:
        """Make everything durable, here and now: for a store that does not run (yet)."""
        assert self._loop is None, "a running store flushes itself"
        assert not self._writing, "what the writer had is collected first"
        while self._queued and self.failed is None:
            self._take_next()
            self._written(self._journal.append([commit.line for commit in self._writing]))

    def close(self) -> None:
        """Write what is left and let go of the state directory; twice is once."""
        self._writer.stop()
        self._loop = None
        self._collect()
        self.flush()
        self._closing = True
        self._undo.close()

    # On the way to the disk

    def _turn_soon(self) -> None:
        """Take a turn once all who are about to commit have done so: they make one group."""
        if self._loop is not None and not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        self._collect()
        if self._queued and not self._writing and self._loop is not None:
            self._take_next()
            self._writer.submit([commit.line for commit in self._writing])

    def _take_next(self) -> None:
        size = 0
        for count, commit in enumerate(self._queued):
            size += len(commit.line)
            if count and size > GROUP_BYTES:
                self._writing, self._queued = self._queued[:count], self._queued[count:]
                return
        self._writing, self._queued = self._queued, []

    def _collect(self) -> None:
        if (written := self._writer.result()) is not None:
            self._written(written)

    def _written(self, written: Written) -> None:
        group, self._writing = self._writing, []
        kept = len(written.places)
        try:
            for commit, place in zip(group, written.places, strict=False):
                self._past.take_in(commit.batch, place)
        except Exception as error:  # noqa: BLE001 - whoever waits must not wait for ever
            kept = commit.seq - group[0].seq
            bug = f"cannot take in commit {commit.seq}: this is a bug in the store: {error!r}"
            written = Written([], StoreFailed(bug))
        self._settle(group[:kept], None)
        if written.error is not None:
            self._refuse(group[kept:], written.error)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _refuse(self, group: Sequence[Commit], error: Unavailable) -> None:
        """Take back what could not be recorded, and all that was decided on top of it."""
        if isinstance(error, StoreFailed):
            self.failed = error
        behind, self._queued = self._queued, []
        self.ahead = self.state.copy()
        self._settle([*group, *behind], error)

    def _settle(self, group: Sequence[Commit], error: Unavailable | None) -> None:
        for commit in group:
            if commit.batch.request:
                self._flying.pop(commit.batch.request, None)
            commit.settle(error)

    # Small things

    def _check_open(self) -> None:
        if self.failed is not None:
            raise StoreFailed(str(self.failed), hint=self.failed.hint)
        if self._closing:
            raise Unavailable("cannot record anything: the daemon is stopping")

    def _last(self) -> Commit:
        """Return the commit after which everything so far is durable."""
        if flying := self._queued or self._writing:
            return flying[-1]
        done = Commit(Batch(seq=self.state.seq, at="", facts=()))
        done.settle()
        return done

    def _line(self, batch: Batch) -> bytes:
        line = lines.encode(batch)
        if len(line) > lines.LINE_LIMIT:
            raise TooLarge(
                f"cannot record {len(line)} bytes at once: the limit is {lines.LINE_LIMIT}"
            )
        return line
