"""A commit on its way to the disk, and what its maker waits for."""

import asyncio
from collections.abc import Generator, Sequence

from msgspec import Struct

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.tables import Write
from pmrunnerd.store.batch import Batch


class Earlier(Struct, frozen=True):
    """What is known of a request that was made before."""

    digest: str
    seq: int
    at: str


class Commit:
    """Await it to learn its number once it is durable.

    Raises Unavailable if it was refused (nothing happened), StoreFailed if nobody can tell.
    """

    __slots__ = ("_error", "_settled", "_waiters", "batch", "line", "writes")

    def __init__(self, batch: Batch, line: bytes = b"", writes: Sequence[Write] = ()) -> None:
        self.batch = batch
        self.line = line
        self.writes = writes
        self._settled = False
        self._error: Unavailable | None = None
        self._waiters: list[asyncio.Future[None]] = []

    @classmethod
    def made(cls, seq: int) -> "Commit":
        """Return a commit that is durable already."""
        commit = cls(Batch(seq=seq, at="", facts=()))
        commit.settle()
        return commit

    @property
    def seq(self) -> int:
        """Its number, known at once; another commit may get it if this one is refused."""
        return self.batch.seq

    def __await__(self) -> Generator[object, None, int]:
        if not self._settled:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            yield from waiter
        if self._error is not None:
            # A fresh one each: an exception that is raised twice collects the traces of both.
            raise type(self._error)(str(self._error), hint=self._error.hint)
        return self.batch.seq

    async def durable(self) -> int:
        """Return its number once it is durable: the same, for who needs a coroutine."""
        return await self

    def settle(self, error: Unavailable | None = None) -> None:
        """Say what became of it, once."""
        self._settled, self._error, self.line, self.writes = True, error, b"", ()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
