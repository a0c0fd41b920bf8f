"""What goes out to one client: collected, written together, and held back while it does not read."""

import asyncio
from typing import Final

# Bytes that are collected before they are written, if the loop's turn does not end first.
BATCH: Final = 64 << 10


class Outbox:
    """Collects frames during a turn of the loop; one write may then serve many calls."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._size = 0
        self._closed = False
        self._room = asyncio.Event()
        self._room.set()
        self.has_room = True  # whether the client takes what it is sent
        self.collecting = False  # whether whoever sends will flush

    async def room(self) -> None:
        """Wait until the client has taken enough for more to be read for it."""
        self.flush()
        await self._room.wait()

    def pause(self) -> None:
        """The client does not keep up."""
        self.has_room = False
        self._room.clear()

    def resume(self) -> None:
        """The client has caught up, or there is none any more."""
        self.has_room = True
        self._room.set()

    def send(self, frame: bytes) -> None:
        """Take in a frame; drop it where nobody is left to read it."""
        if self._closed:
            return
        if not (self._frames or self.collecting):
            self._loop.call_soon(self.flush)
        self._frames.append(frame)
        self._size += len(frame)
        if self._size > BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what was taken in."""
        self.collecting = False
        if self._frames and not self._closed:
            self._transport.write(b"".join(self._frames))
        self._frames.clear()
        self._size = 0

    def close(self) -> None:
        """Write what was taken in, and nothing more."""
        self.flush()
        self._closed = True
        self.resume()
