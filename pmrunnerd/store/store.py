"""The one owner of `State`: what may happen is decided and recorded here in one breath.

`commit` does not await, so nothing slips between looking and recording. `ahead` is what handlers
decide on; `state` is what is durable, and the only thing that answers, effects and feeds may read.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.model.errors import NotFound, TooLarge
from pmrunnerd.model.events import AnyEvent
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store.batch import LINE_LIMIT, Batch, encode
from pmrunnerd.store.commit import Commit, Earlier
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.journal import SEGMENT_LIMIT, Journal
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.past import Past
from pmrunnerd.store.pipeline import Pipeline
from pmrunnerd.store.segments import Place


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
        disk = disk or Disk()
        journal = Journal(directory / "journal", disk, segment_limit=segment_limit)
        self.directory = directory
        self._now = now
        self._past = Past(journal)
        self.state = self._past.state
        self._flying: dict[str, Commit] = {}
        with contextlib.ExitStack() as undo:
            try:
                disk.make_directory(directory)
                self._lock = Lock(directory / "lock", at=now(), release=release, disk=disk)
                undo.callback(self._lock.close)
                undo.callback(journal.close)
                aside = directory / "set-aside"
                self._past.replay(at_least=self._lock.seen, aside=aside, at=now())
            except OSError as error:
                where = error.filename or directory
                raise StoreFailed(f"cannot open {where}: {error.strerror}") from error
            self._lock.note(self.durable)
            undo.callback(lambda: self._lock.note(self.durable))
            self._undo = undo.pop_all()
        self.ahead = self.state.copy()
        self._pipeline = Pipeline(journal, arrived=self._take_in, refused=self._take_back)

    @property
    def durable(self) -> int:
        """The durable mark: the last commit that survives whatever happens."""
        return self.state.seq

    @property
    def failed(self) -> StoreFailed | None:
        """Why nothing can be recorded any more, once the disk broke its word."""
        return self._pipeline.failed

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
        draft = self.ahead.draft()
        draft.seq += 1
        at = self._now()
        for fact in facts:
            evolve(draft, fact, at)
        batch = Batch(
            seq=draft.seq, at=at, facts=facts, request=request, digest=digest, reply=reply
        )
        line = encode(batch)
        if len(line) > LINE_LIMIT:
            raise TooLarge(f"cannot record {len(line)} bytes at once: the limit is {LINE_LIMIT}")
        draft.settle()
        commit = Commit(batch, line)
        if request:
            self._flying[request] = commit
        self._pipeline.send(commit)
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
        """Return the last commits of a project's conversation before one, oldest first.

        Fewer than `limit` where they are large; empty at the beginning.
        """
        return self._past.history.conversation(project, before, limit)

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first commits of a project's conversation after one; empty at the end."""
        return self._past.history.conversation_since(project, since, limit)

    async def changed(self, since: int) -> int:
        """Wait until the durable mark is beyond a commit and return it. Raises StoreFailed."""
        while self.state.seq <= since:
            if self.failed is not None:
                raise StoreFailed(str(self.failed), hint=self.failed.hint)
            await self._pipeline.moved()
        return self.state.seq

    # Life

    async def run(self) -> None:
        """Keep writing until cancelled; then write what was accepted, and accept no more.

        Raises StoreFailed as soon as the disk cannot be trusted any more.
        """
        await self._pipeline.run()

    def flush(self) -> None:
        """Make everything durable, here and now: for a store that does not run (yet)."""
        self._pipeline.flush()

    def close(self) -> None:
        """Write what is left and let go of the state directory; twice is once."""
        self._pipeline.close()
        self._undo.close()

    def _take_in(self, commit: Commit, place: Place) -> None:
        self._past.take_in(commit.batch, place)
        self._flying.pop(commit.batch.request, None)

    def _take_back(self, commits: list[Commit]) -> None:
        for commit in commits:
            self._flying.pop(commit.batch.request, None)
        self.ahead = self.state.copy()
