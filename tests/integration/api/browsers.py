"""Somebody who speaks HTTP by hand, and a web door to speak to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from pmrunnerd.api.desk import Desk
from pmrunnerd.api.sockets import bind_tcp
from pmrunnerd.api.token import FILE
from pmrunnerd.api.web import WebDoor, WebLimits

PATIENCE = 180.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """A web door that is open. `ask` sends what a good client would, unless told otherwise."""

    def __init__(self, desk: Desk, door: WebDoor, serving: asyncio.Task[None], port: int) -> None:
        self.desk, self.door, self.serving, self.port = desk, door, serving, port
        self.token = desk.state_directory.joinpath(FILE).read_text().strip()

    def request(self, method: str, path: str, body: bytes = b"", /, **headers: str | None) -> bytes:
        wanted: dict[str, str | None] = {
            "host": f"localhost:{self.port}",
            "authorization": f"Bearer {self.token}",
            "connection": "close",
        }
        if method == "POST":
            wanted |= {"content-type": "application/json", "content-length": str(len(body))}
        wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines])
        return f"{head}\r\n\r\n".encode("latin-1") + body

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str | None
    ) -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        async with self.connected() as (reader, writer):
            writer.write(self.request(method, path, sent, **headers))
            return parsed(await reader.read())

    async def get(self, path: str, **headers: str | None) -> Answer:
        return await self.ask("GET", f"/api/v1{path}", **headers)

    async def post(
        self, path: str, body: object = None, key: str | None = None, **headers: str | None
    ) -> Answer:
        return await self.ask("POST", f"/api/v1{path}", body, idempotency_key=key, **headers)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield reader, writer
            finally:
                writer.transport.abort()

    async def close(self) -> None:
        self.serving.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([self.serving])


def parsed(said: bytes) -> Answer:
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return Answer(int(first.split()[1]), headers, body)


def unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole


class Stream:
    """The events of an answer as they come: id, event and data."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._rest = b""

    async def next(self) -> Mapping[str, str]:
        while b"\n\n" not in self._rest:
            size = int(await self._reader.readline(), 16)
            assert size, "the stream ended"
            self._rest += await self._reader.readexactly(size)
            await self._reader.readline()
        event, _, self._rest = self._rest.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in event.decode().split("\n") if line != ":")


@contextlib.asynccontextmanager
async def following(site: Site, path: str, **headers: str | None) -> AsyncIterator[Stream]:
    async with site.connected() as (reader, writer):
        writer.write(site.request("GET", f"/api/v1{path}", **headers))
        head = parsed(await reader.readuntil(b"\r\n\r\n"))
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
        yield Stream(reader)


@contextlib.asynccontextmanager
async def visiting(desk: Desk, **limits: Any) -> AsyncIterator[Site]:
    own = bind_tcp("127.0.0.1", 0)
    port = own.getsockname()[1]
    door = WebDoor(
        desk, asyncio.get_running_loop().time, listening=[own], limits=WebLimits(grace=1, **limits)
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(door.serve())
        await door.ready.wait()
        site = Site(desk, door, serving, port)
        yield site
        await site.close()
