import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pmrunnerd.api.httpd import Httpd
from pmrunnerd.api.sockets import bind_tcp
from tests.unit.api.desks import until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class App:
    """Answers once it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.asked = 0

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        self.asked += 1
        await self.may.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


@asynccontextmanager
async def serving(
    app: App, own: socket.socket, grace: float = 5, now: Callable[[], float] = time.time
) -> AsyncIterator[Httpd]:
    server = Httpd(app, most=10, head=5, grace=grace, now=now)
    task = asyncio.create_task(server.serve(sockets=[own.dup()]))
    await until(lambda: server.started)
    try:
        yield server
    finally:
        server.leave()
        await asyncio.wait_for(task, 10)


async def connected(own: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*own.getsockname()[:2])


def test_who_was_let_in_and_asks_while_it_leaves_is_answered_and_told_to_close() -> None:
    async def scenario() -> None:
        with bind_tcp("127.0.0.1", 0) as own:
            async with serving(App(), own) as server:
                reader, writer = await connected(own)
                await until(lambda: server.server_state.connections)
                server.leave()
                await asyncio.sleep(0.05)
                writer.write(GET)
                said = await reader.read()
                assert b"200 OK" in said
                assert b"connection: close" in said.lower()
                assert said.endswith(b"ok")
                writer.close()

    asyncio.run(scenario())


def test_who_comes_while_it_leaves_is_answered_by_the_next() -> None:
    async def scenario() -> None:
        app = App()
        with bind_tcp("127.0.0.1", 0) as own:
            async with serving(app, own) as server:
                app.may.clear()
                first, one = await connected(own)
                one.write(GET)
                await until(lambda: app.asked)
                server.leave()
                await asyncio.sleep(0.05)
                second, two = await connected(own)
                two.write(GET)
                await asyncio.sleep(0.05)
                assert app.asked == 1
                app.may.set()
                assert (await first.read()).endswith(b"ok")
            async with serving(app, own):
                assert (await second.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            for writer in (one, two):
                writer.close()

    asyncio.run(scenario())


def test_what_takes_longer_than_its_grace_is_hung_up_on() -> None:
    async def scenario() -> None:
        app = App()
        app.may.clear()
        with bind_tcp("127.0.0.1", 0) as own:
            async with serving(app, own, grace=0.1):
                reader, writer = await connected(own)
                writer.write(GET)
                await until(lambda: app.asked)
            assert b"ok" not in await reader.read()
            writer.close()

    asyncio.run(scenario())


def test_an_answer_says_what_time_it_is_however_long_nobody_has_asked() -> None:
    async def scene() -> None:
        clock = [784111777, 784111777, 784198177]
        said = []
        with bind_tcp("127.0.0.1", 0) as own:
            async with serving(App(), own, now=lambda: clock[0]):
                while clock:
                    reader, writer = await connected(own)
                    writer.write(GET)
                    head = await reader.readuntil(b"\r\n\r\n")
                    said.append(re.findall(rb"(?i)^date: (.*?)\r$", head, re.MULTILINE))
                    writer.close()
                    clock.pop(0)
        first = [b"Sun, 06 Nov 1994 08:49:37 GMT"]
        assert said == [first, first, [b"Mon, 07 Nov 1994 08:49:37 GMT"]]

    asyncio.run(scene())
