"""A stream as server-sent events: `id:` is the cursor, so that a browser goes on where it was.

Behind the cursor stands the lineage that it is of: `83@2026-01-01T00:00:00.000Z`.
"""

import asyncio
import contextlib
from typing import Any, Final

import msgspec

from pmrunnerd.api import problems
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.feed import Restored, Stream
from pmrunnerd.api.guard import Receive, Scope, Send
from pmrunnerd.api.lobby import LAG
from pmrunnerd.api.respond import explain
from pmrunnerd.rules import lineage

MEDIA_TYPE: Final = "text/event-stream"
# Seconds between two signs of life, by which both ends notice that the other one is gone.
BEAT: Final = 15.0


class Streams:
    """The streams that are open, so that they can be told that we are leaving.

    `lag` is how many seconds one that has more to tell waits for its follower.
    """

    def __init__(self, lag: float = LAG) -> None:
        self.lag = lag
        self._open: set[asyncio.Task[None]] = set()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.contextmanager
    def one(self, task: asyncio.Task[None]) -> Any:
        """Count a stream in while it is open."""
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)

    def stop(self) -> None:
        """Close all of them; each says from where to go on."""
        self.stopping = True
        for task in self._open:
            task.cancel()


class EventStream:
    """The answer to a request for a stream. What shares a cursor gets its `id:` once, at the end."""

    def __init__(
        self, desk: Desk, asked: str, items: Stream, cursor: int, streams: Streams
    ) -> None:
        self._lag = streams.lag
        self._desk = desk
        self._asked = asked
        self._items = items
        self._cursor = cursor
        self._streams = streams

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends, the client is gone or the door closes."""
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(self._feed(send), name=f"web: {self._asked}")
            beside = [
                group.create_task(_until_gone(receive, feeding), name="web: is it there"),
                group.create_task(_beat(send), name="web: beat"),
            ]
            with self._streams.one(feeding):
                await asyncio.wait([feeding])
            for task in beside:
                task.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _feed(self, send: Send) -> None:
        try:
            async with contextlib.aclosing(self._items):
                reason = await self._tell(send)
            await _say(send, self._closed(reason) + b"\n")
        except Restored as instead:
            self._cursor = instead.cursor
            # With its own `id:`, so that a browser that comes back by itself goes on from there.
            await _say(send, self._closed("restored") + _id(self._cursor, self._lineage) + b"\n")
        except asyncio.CancelledError:
            if not self._streams.stopping:
                raise
            await _say(send, self._closed("stopping") + b"\n")
        except Exception as exc:  # noqa: BLE001 - the follower is told, and the log if it is a bug
            why = problems.problem(explain(self._desk, self._asked, exc))
            await _say(send, b"event: failed\ndata: %b\n\n" % problems.encode(why))

    async def _tell(self, send: Send) -> str:
        """Send what there is; return why there is no more of it."""
        async for some in self._items:
            # `send` waits for room first, and then writes all: what it gave up on was not sent.
            try:
                async with asyncio.timeout(self._lag):
                    await _say(send, events(some, self._lineage))
            except TimeoutError:
                return "lagged"
            self._cursor = some[-1].cursor
        return "end"

    @property
    def _lineage(self) -> str:
        return lineage.current(self._desk.store.state)

    def _closed(self, reason: str) -> bytes:
        data = msgspec.json.encode({"reason": reason, "cursor": self._cursor})
        return b"event: closed\ndata: %b\n" % data


def events(some: tuple[Any, ...], of: str) -> bytes:
    """Return items that share a cursor, of some lineage, as events."""
    data = [b"data: %b\n" % msgspec.json.encode(item) for item in some]
    return b"\n".join(data) + _id(some[-1].cursor, of) + b"\n"


def _id(cursor: int, of: str) -> bytes:
    return f"id: {cursor}@{of}\n".encode() if of else b"id: %d\n" % cursor


async def _say(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive, feeding: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    feeding.cancel()


async def _beat(send: Send) -> None:
    while True:
        await asyncio.sleep(BEAT)
        await _say(send, b":\n\n")
