"""Asks a daemon on its control socket, from its hello on: one thing after the other, each within its time."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.requests import make
from pmrunnerd.services import addresses

R = TypeVar("R")

_GREETING: Final = msgspec.msgpack.Decoder(f.Hello | f.Failed)


class Unanswered(PmError):
    """A daemon did not answer, or not what was asked; the text goes on after its name."""


class Caller:
    """One connection. Every method raises Unanswered; `within` is seconds for each answer."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, within: float
    ) -> None:
        self._reader, self._writer, self._within = reader, writer, within
        self._calls = 0

    @classmethod
    async def to(cls, socket: Path, environment: str, within: float) -> Self:
        """Connect and say hello."""
        try:
            with addresses.held(socket.parent) as directory:
                async with asyncio.timeout(within):
                    streams = await asyncio.open_unix_connection(
                        addresses.within(directory, socket.name)
                    )
        except (OSError, TimeoutError) as exc:
            raise Unanswered(f"lets nobody in at its control socket: {exc}") from exc
        caller = cls(*streams, within)
        try:
            await caller._send(f.Hello(environment=environment))
            caller._check(await caller._receive(_GREETING, "a hello"), "a hello")
        except BaseException:
            caller.close()
            raise
        return caller

    async def ask(self, request: p.Request[R]) -> R:
        """Return the reply to a request."""
        row = p.BY_REQUEST[type(request)]
        self._calls += 1
        name = make(time.time_ns() // 1_000_000, os.urandom(10)) if row.changes else ""
        await self._send(
            f.Call(call=self._calls, request=f.encode_request(request), request_id=name)
        )
        said = self._check(await self._receive(f.to_client(row.reply), row.name), row.name)
        if not isinstance(said, f.Ok):
            raise Unanswered(f"answers {row.name} with {type(said).__name__}")
        result: R = said.result
        return result

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    def _check(self, said: Any, asked: str) -> Any:
        if isinstance(said, f.Failed):
            raise Unanswered(f"refuses {asked}: {said.message}", hint=said.hint or None)
        return said

    async def _send(self, frame: f.Frame) -> None:
        try:
            self._writer.write(f.encode(frame))
            await self._writer.drain()
        except OSError as exc:
            raise Unanswered(f"hung up: {exc}") from exc

    async def _receive(self, decoder: Any, asked: str) -> Any:
        try:
            async with asyncio.timeout(self._within):
                size = int.from_bytes(await self._reader.readexactly(f.HEADER), "big")
                if size > f.FRAME_LIMIT:
                    raise Unanswered(f"answers {asked} with {size} bytes")
                return decoder.decode(await self._reader.readexactly(size))
        except TimeoutError:
            raise Unanswered(f"does not answer {asked} within {self._within:g} s") from None
        except (OSError, EOFError) as exc:
            raise Unanswered(f"hung up when it was asked for {asked}") from exc
        except msgspec.MsgspecError as exc:
            raise Unanswered(f"answers {asked} with what cannot be read: {exc}") from exc
