"""Many at the web door, and slow ones: those who ask are answered."""

import asyncio
import contextlib
import json
import socket
from pathlib import Path

from pmrunnerd.services.descriptors import raise_limit
from tests.integration.api.browsers import following, parsed, visiting
from tests.unit.api import desks
from tests.unit.api.desks import at_work, until


def test_a_thousand_idle_connections_keep_nobody_from_being_answered(tmp_path: Path) -> None:
    raise_limit()

    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk) as site,
            contextlib.AsyncExitStack() as all_of_them,
        ):
            for _ in range(1000):
                await all_of_them.enter_async_context(site.connected())
            assert (await site.ask("GET", "/healthz")).status == 200
            assert (await site.get("/status")).status == 200

    asyncio.run(scenario())


def test_more_than_there_is_room_for_keep_nobody_from_being_answered_either(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk, connections=20) as site,
            contextlib.AsyncExitStack() as all_of_them,
        ):
            for _ in range(100):
                await all_of_them.enter_async_context(site.connected())
            for _ in range(5):
                assert (await site.ask("GET", "/healthz")).status == 200
                assert (await site.get("/status")).status == 200

    asyncio.run(scenario())


def test_a_follower_that_does_not_read_lags_and_goes_on_from_its_cursor(tmp_path: Path) -> None:
    text, count = "x" * 200_000, 100

    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk, lag=0.2) as site:
            await desk.store.commit(desks.added())
            for n in range(count):
                await desk.store.commit(desks.posted(f"{n} {text}", f"m{n}"))
            path = "/api/v1/chat/follow?project=demo&since=0"
            with socket.socket() as slow:
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(slow, ("127.0.0.1", site.port))
                await loop.sock_sendall(slow, site.request("GET", path))
                await until(lambda: len(site.door.streams))
                await asyncio.sleep(0.6)  # it does not read for longer than it may
                reader, writer = await asyncio.open_connection(sock=slow.dup())
                answer = parsed(await asyncio.wait_for(reader.read(), 180))
                writer.close()
                seen, last = _told(answer.body)
            assert last["reason"] == "lagged"
            assert 0 < len(seen) < count
            cursor = str(last["cursor"])
            async with following(site, "/chat/follow?project=demo", last_event_id=cursor) as stream:
                rest = [
                    int(json.loads((await stream.next())["data"])["text"].split()[0])
                    for _ in range(count - len(seen))
                ]
            assert seen + rest == list(range(count))

    asyncio.run(scenario())


def _told(body: bytes) -> tuple[list[int], dict[str, object]]:
    """The numbers of the messages that were told, and the data of what came last."""
    data = [
        json.loads(line.removeprefix(b"data: "))
        for line in body.split(b"\n")
        if line.startswith(b"data: ")
    ]
    return [int(one["text"].split()[0]) for one in data if "text" in one], data[-1]
