"""Asks a daemon through both of its doors whether it is well, and which release answers."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import in_words
from pmrunnerd.model.views import Canary
from pmrunnerd.services import addresses

# Seconds that an answer may take. Who comes while a daemon restarts waits in its socket.
PATIENCE: Final = 10.0
_LINE: Final = 1 << 10
_SAYS: Final = 200  # characters


class _Told(msgspec.Struct, frozen=True):
    """What we read of an overview."""

    canary: Canary | None = None


# A newer release may say how it is in words that we do not know; that it says so is enough.
_REPLIES: Final = frames.to_client(msgspec.Raw)
PAGES: Final = ("/healthz", "/readyz")


class Doors:
    """Of one daemon: `control` is its socket, `web` host and port, None where it has no such door."""

    def __init__(
        self, control: Path, web: tuple[str, int] | None, patience: float = PATIENCE
    ) -> None:
        self.control, self.web = control, web
        self._patience = patience
        self._canary: Canary | None = None

    @property
    def canary(self) -> Canary | None:
        """What was told of its canary when it was asked last; None where nothing was."""
        return self._canary

    async def troubles(self, release: str) -> tuple[str, ...]:
        """Return all that is wrong with what answers, which is to be a release."""
        self._canary = None
        found = [await self._asked(release)]
        if self.web is not None:
            found += [await self._page(*self.web, page) for page in PAGES]
        return tuple(filter(None, found))

    async def release(self) -> str:
        """Return which release answers at the control socket; nothing where none does."""
        with contextlib.suppress(OSError, EOFError, ValueError, msgspec.DecodeError):
            async with asyncio.timeout(self._patience):
                reader, writer = await self._connected()
                try:
                    return (await _greeted(reader, writer)).release
                finally:
                    writer.close()
        return ""

    async def _asked(self, release: str) -> str:
        try:
            async with asyncio.timeout(self._patience):
                return await self._talk(release)
        except TimeoutError:
            return f"{self.control} does not answer within {self._patience:g} s"
        except OSError as exc:
            return f"{self.control} cannot be asked: {in_words(exc)}"
        except (EOFError, ValueError, msgspec.DecodeError) as exc:
            return f"{self.control} answers what cannot be understood: {brief(str(exc))}"

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with addresses.held(self.control.parent) as directory:
            return await asyncio.open_unix_connection(
                addresses.within(directory, self.control.name)
            )

    async def _talk(self, release: str) -> str:
        reader, writer = await self._connected()
        try:
            hello = await _greeted(reader, writer)
            if hello.release != release:
                return (
                    f"release {brief(hello.release) or 'without a name'} answers, and not {release}"
                )
            request = frames.encode_request(p.Status())
            writer.write(frames.encode(frames.Call(call=1, request=request)))
            match await _frame(reader):
                case frames.Ok(result=result):
                    with contextlib.suppress(msgspec.DecodeError):
                        self._canary = msgspec.msgpack.decode(result, type=_Told).canary
                    return ""
                case frames.Failed(message=message):
                    return f"it does not say how it is: {brief(message)}"
            return "it answers something else than how it is"
        finally:
            writer.close()

    async def _page(self, host: str, port: int, page: str) -> str:
        where = f"http://{host}:{port}{page}"
        try:
            async with asyncio.timeout(self._patience):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    head = (
                        f"GET {page} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
                    )
                    writer.write(head.encode())
                    line = (await reader.readline())[:_LINE].decode(errors="replace").strip()
                finally:
                    writer.close()
        except TimeoutError:
            return f"{where} does not answer within {self._patience:g} s"
        except (OSError, ValueError) as exc:
            return f"{where} cannot be asked: {in_words(exc) if isinstance(exc, OSError) else exc}"
        if line.split()[1:2] == ["200"]:
            return ""
        return f"{where} answers {brief(line) or 'nothing'}"


def brief(text: str) -> str:
    """Return what somebody said whom nobody has approved, so that it can stand in a record and on a terminal."""
    return "".join(one if one.isprintable() else " " for one in text[:_SAYS])


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> frames.Hello:
    writer.write(frames.encode(frames.Hello()))
    match await _frame(reader):
        case frames.Hello() as hello:
            return hello
        case frames.Failed(message=message):
            raise ValueError(message)
    raise ValueError("it does not say who it is")


async def _frame(reader: asyncio.StreamReader) -> object:
    size = int.from_bytes(await reader.readexactly(frames.HEADER), "big")
    if size > frames.FRAME_LIMIT:
        raise ValueError(f"a frame of {size} bytes")
    return _REPLIES.decode(await reader.readexactly(size))
