"""The one owner of `State`: what may happen is decided and recorded here in one breath.

`commit` does not await, so nothing slips between looking and recording. `ahead` is what handlers
decide on; `state` is what is durable, and the only thing that answers, effects and feeds may read.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.model.errors import NotFound, PmError, TooLarge
from pmrunnerd.model.events import AnyEvent, MessagePosted, RunPruned
from pmrunnerd.model.requests import made_at
from pmrunnerd.store.batch import LINE_LIMIT, Batch, encode
from pmrunnerd.store.believe import proven
from pmrunnerd.store.checkpoint import COMMITS
from pmrunnerd.store.checkpoints import Checkpoints
from pmrunnerd.store.commit import Commit, Earlier
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed, opening_hint
from pmrunnerd.store.journal import SEGMENT_LIMIT, Journal
from pmrunnerd.store.levels import CURRENT, Levels
from pmrunnerd.store.lists import Lists
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.past import Past
from pmrunnerd.store.pipeline import Pipeline
from pmrunnerd.store.requests import WINDOW
from pmrunnerd.store.segments import Place
from pmrunnerd.store.swap import finish


class Store:
    """Open it, run it, close it. Everything but the disk happens in the thread that opened it.

    `reached` is told each commit that is read. Opening raises Refused if another daemon has this state, TooNew if a newer release wrote it,
    JournalDamaged if it is not what was made durable, StoreFailed if the disk does not let us.
    """

    def __init__(  # noqa: PLR0913 - where and what, and then what a test may choose
        self,
        directory: Path,
        now: Callable[[], str],
        *,
        release: str,
        disk: Disk | None = None,
        segment_limit: int = SEGMENT_LIMIT,
        checkpoint: int = COMMITS,
        levels: Levels = CURRENT,
        window: int = WINDOW,
        reached: Callable[[int], object] = int,
    ) -> None:
        disk = disk or Disk()
        journal = Journal(directory / "journal", disk, segment_limit=segment_limit, levels=levels)
        self.directory, self._now, self._reached = directory, now, reached
        self._pipeline = Pipeline(journal, arrived=self._take_in, refused=self._take_back)
        self._past = Past(directory, journal, disk, window=window)
        self._checkpoints = Checkpoints(
            self._past,
            states=lambda: (self._past.state, self.ahead),
            fail=self._pipeline.fail,
            commits=checkpoint,
        )
        self._level = levels.writes
        self.state = self.ahead = self._past.state
        self._flying, self._closed = dict[str, Commit](), False
        with contextlib.ExitStack() as undo:
            try:
                disk.make_directory(directory)
                self._lock = Lock(directory / "lock", at=now(), release=release, disk=disk)
                self._past.remember = self._lock.reach
                undo.callback(self._lock.close)
                undo.callback(journal.close)
                self.restored = finish(disk, directory, self._lock)
                at_least = proven(disk, directory, self._lock)
                self._past.replay(at_least=at_least, at=now(), each=self._replayed)
            except OSError as error:
                where = error.filename or directory
                raise StoreFailed(
                    f"cannot open {where}: {error.strerror}", hint=opening_hint(error, Path(where))
                ) from error
            self._lock.note(self.durable)
            undo.callback(lambda: self._lock.note(self.durable))
            self._undo = undo.pop_all()
        self.state = self._past.state
        self.ahead = self.state.copy()

    @property
    def durable(self) -> int:
        """The durable mark: the last commit that survives whatever happens."""
        return self._past.state.seq

    @property
    def failed(self) -> StoreFailed | None:
        """Why nothing can be recorded any more, once the disk broke its word."""
        return self._pipeline.failed

    @property
    def wrong(self) -> PmError | None:
        """What was found that is not as it was written; its hint says what a person does."""
        return self._past.wrong

    # Recording

    def commit(
        self, *facts: AnyEvent, request: str = "", digest: str = "", reply: bytes = b""
    ) -> Commit:
        """Try facts on `ahead`, take them in, and send them on their way to the disk.

        Raises what `evolve` says of an illegal fact, TooLarge, Unavailable while stopping, and
        StoreFailed; then nothing happened. Nothing to record is recorded when all before it is.
        """
        self._pipeline.check_open()
        if not (facts or request):
            return self._pipeline.last() or Commit.made(self.state.seq)
        assert request not in self._flying, "ask `earlier` first"
        batch = Batch(
            seq=self.ahead.seq + 1,
            at=self._now(),
            level=self._level,
            mark=self._past.state.seq,
            facts=facts,
            request=request,
            digest=digest,
            reply=reply,
        )
        line = encode(batch)
        if len(line) > LINE_LIMIT:
            raise TooLarge(f"cannot record {len(line)} bytes at once: the limit is {LINE_LIMIT}")
        commit = Commit(batch, line, self.ahead.written(batch.fold))
        self.ahead.seq = batch.seq
        if request:
            self._flying[request] = commit
        self._pipeline.send(commit)
        return commit

    def earlier(self, request: str) -> Earlier | None:
        """Return what became of a request made before; it may still be on its way to the disk."""
        flying = self._flying.get(request)
        batch = flying.batch if flying else self._past.find(request)
        return None if batch is None else Earlier(batch.digest, batch.seq, batch.at)

    def is_too_old(self, request: str) -> bool:
        """Tell whether an unknown request is so old, by its identifier, that it may be forgotten."""
        made = made_at(request)
        return made is not None and self._past.may_have_forgotten(made, self._now())

    async def reply(self, request: str) -> bytes:
        """Return what a request made before was answered, once that is durable.

        Raises NotFound for a request that is not known, and what awaiting its commit raises.
        """
        if flying := self._flying.get(request):
            await flying
        if (batch := self._past.find(request)) is None:
            raise NotFound(f"cannot find request {request}")
        return batch.reply

    # Reading what is durable

    def read(self, since: int, limit: int = 256) -> list[Batch]:
        """Return commits after one, fewer than `limit` where they are large; empty at the end."""
        return self._past.history.read(since, limit)

    def conversation(self, project: str, before: int | None, limit: int) -> list[Batch]:
        """Return the last commits of a conversation before one, oldest first; fewer if large."""
        return self._past.history.conversation(project, before, limit)

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first commits of a project's conversation after one; empty at the end."""
        return self._past.history.conversation_since(project, since, limit)

    def message(self, name: str) -> MessagePosted | None:
        """Return what somebody said, however long ago."""
        return self._past.history.message(name)

    def pruned(self, run: str) -> tuple[str, RunPruned] | None:
        """Return when and why the files of a run were let go; None where they were not."""
        return self._past.history.pruned(run)

    @property
    def lists(self) -> Lists:
        """Plans, tasks and runs, finished ones too, latest first."""
        return self._past.lists

    async def changed(self, since: int) -> int:
        """Wait until the durable mark is beyond a commit and return it. Raises StoreFailed."""
        while self.state.seq <= since:
            self._pipeline.check()
            await self._pipeline.moved()
        return self.state.seq

    # Life

    async def run(self) -> None:
        """Write until cancelled, and then what was accepted; raise StoreFailed once a disk fails."""
        failure: StoreFailed | None = None
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(self._checkpoints.run(), name="store: checkpoints")
            try:
                await self._pipeline.run()
            except StoreFailed as failed:
                failure = failed
            finally:
                beside.cancel()
        if failure is not None:
            raise failure

    def fail(self, error: StoreFailed) -> None:
        """Acknowledge nothing any more, and have `run` raise: the disk broke its word elsewhere."""
        self._pipeline.fail(error)

    async def scrub(self) -> None:
        """Look at what was not read when this was opened; what is found is `wrong`."""
        await self._past.scrub()

    def flush(self) -> None:
        """Make everything durable, here and now: for a store that does not run (yet)."""
        self._pipeline.flush()

    def checkpoint(self) -> None:
        """Bring snapshot and history up to date, here and now: for a store that does not run."""
        self._checkpoints.make()

    def close(self, *, stopped: bool = False) -> None:
        """Write what is left and let go of the state directory, as `stopped`; twice is once."""
        with self._undo:
            if stopped:
                self._lock.part()
            self._pipeline.close()
            self._checkpoints.close()
            if not self._closed and self.failed is None:
                self.checkpoint()
            self._closed = True

    def _replayed(self, place: Place) -> None:
        self._checkpoints.catch_up(place)
        if self.failed is not None:
            raise self.failed
        self._reached(self.durable)

    def _take_in(self, commit: Commit, place: Place) -> None:
        self._past.take_in(commit.batch, place, commit.writes)
        self._checkpoints.count(place)
        self._flying.pop(commit.batch.request, None)

    def _take_back(self, commits: list[Commit]) -> None:
        for commit in commits:
            self._flying.pop(commit.batch.request, None)
        self.ahead = self.state.copy()
