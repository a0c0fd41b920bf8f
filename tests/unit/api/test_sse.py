import asyncio
import json
import logging
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from pmrunnerd.api.feed import Restored, Stream
from pmrunnerd.api.sse import EventStream, Streams, events
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable
from tests.unit.api.desks import AT, at_work, until


class Item(Struct):
    cursor: int
    text: str = ""


class Client:
    """The other end of an answer: what it was sent, and a way to hang up."""

    def __init__(self) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.gone = asyncio.Event()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def endless(closed: asyncio.Event) -> Stream:
    try:
        yield (Item(3),)
        await asyncio.Event().wait()
    finally:
        closed.set()


async def failing() -> Stream:
    yield (Item(3),)
    raise Unavailable("cannot go on: the disk is full")


def test_the_cursor_stands_at_the_last_of_those_that_share_it() -> None:
    assert events((Item(7, "a\nb"), Item(7, "c")), "") == (
        b'data: {"cursor":7,"text":"a\\nb"}\n\ndata: {"cursor":7,"text":"c"}\nid: 7\n\n'
    )


def test_beside_the_cursor_stands_the_lineage_that_it_is_of() -> None:
    assert events((Item(7),), "a").endswith(b"\nid: 7@a\n\n")


def test_who_comes_with_a_cursor_of_another_lineage_is_given_one_of_ours(tmp_path: Path) -> None:
    async def restored() -> Stream:
        raise Restored(75)
        yield ()

    async def scenario() -> None:
        client = Client()
        async with at_work(tmp_path) as desk:
            await desk.store.commit(ev.DaemonStarted(release="1", pid=1))
            answer = EventStream(desk, "events", restored(), 83, Streams())
            await answer({}, client.receive, client.send)
        assert client.body == (
            b'event: closed\ndata: {"reason":"restored","cursor":75}\nid: 75@%b\n\n' % AT.encode()
        )

    asyncio.run(scenario())


def test_who_hangs_up_ends_its_stream(tmp_path: Path) -> None:
    async def scenario() -> None:
        client, streams, closed = Client(), Streams(), asyncio.Event()
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            answer = EventStream(desk, "events", endless(closed), 0, streams)
            group.create_task(answer({}, client.receive, client.send))
            await until(lambda: b"id: 3" in client.body)
            assert len(streams) == 1
            client.gone.set()
            await closed.wait()
        assert len(streams) == 0
        assert b"closed" not in client.body

    asyncio.run(scenario())


def test_a_door_that_closes_tells_from_where_to_go_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        client, streams, closed = Client(), Streams(), asyncio.Event()
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            answer = EventStream(desk, "events", endless(closed), 0, streams)
            group.create_task(answer({}, client.receive, client.send))
            await until(lambda: b"id: 3" in client.body)
            streams.stop()
        assert client.body.endswith(b'event: closed\ndata: {"reason":"stopping","cursor":3}\n\n')
        assert not client.sent[-1].get("more_body")
        assert closed.is_set()

    asyncio.run(scenario())


def test_what_goes_wrong_on_the_way_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        client = Client()
        async with at_work(tmp_path) as desk:
            await EventStream(desk, "events", failing(), 0, Streams())(
                {}, client.receive, client.send
            )
        _, event, data = client.body.split(b"\n\n")[1].partition(b"event: failed\ndata: ")
        assert event
        assert json.loads(data)["detail"] == "cannot go on: the disk is full"

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert not caplog.records
