"""A caller that speaks the control socket by hand, well or badly, and a door to speak to."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from pmrunnerd.api.access import Roles
from pmrunnerd.api.control import ControlDoor
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import Limits, Lobby
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p

PATIENCE = 180.0
ROLES = Roles(own=os.geteuid(), groups={})


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(f.HEADER, "big") + body


def call(number: int, request: p.Request[Any], request_id: str = "") -> bytes:
    raw = f.encode_request(request)
    return f.encode(f.Call(call=number, request=raw, request_id=request_id))


def raw_call(number: int, request: object) -> bytes:
    """A call with a request that no client of ours would make."""
    whole = {"frame": "call", "call": number, "request": request}
    return framed(msgspec.msgpack.encode(whole))


class Caller:
    """Frames are plain dictionaries here, so that the test sees what really travels."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            size = int.from_bytes(await self.reader.readexactly(f.HEADER), "big")
            found: dict[str, Any] = msgspec.msgpack.decode(await self.reader.readexactly(size))
            return found

    async def answers(self, count: int) -> dict[int, dict[str, Any]]:
        """The next answers by the number of their call."""
        return {frame["call"]: frame for frame in [await self.next() for _ in range(count)]}

    async def is_hung_up(self) -> bool:
        """Wait for the end, whether it comes as an end or as a reset."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read() == b""
            return True

    async def hello(self) -> dict[str, Any]:
        self.send(f.encode(f.Hello()))
        return await self.next()


@contextlib.asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Caller]:
    """A caller that has said nothing yet."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 26)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def greeted(path: Path) -> AsyncIterator[Caller]:
    async with calling(path) as caller:
        assert (await caller.hello())["frame"] == "hello"
        yield caller


class Open:
    """A door that is open, and a way to close it in the middle of a test."""

    def __init__(self, door: ControlDoor, path: Path, serving: asyncio.Task[None]) -> None:
        self.door, self.path, self.serving = door, path, serving

    @property
    def lobby(self) -> Lobby:
        return self.door.lobby

    async def close(self) -> None:
        self.serving.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([self.serving])


@contextlib.asynccontextmanager
async def opened(
    desk: Desk, path: Path, *, roles: Roles = ROLES, limits: Limits | None = None
) -> AsyncIterator[Open]:
    door = ControlDoor(desk, path, roles, limits=limits)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(door.serve())
        await door.ready.wait()
        one = Open(door, path, serving)
        yield one
        await one.close()
