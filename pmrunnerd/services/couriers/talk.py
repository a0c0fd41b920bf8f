"""What is said on a courier's socket: an order, and the word of what came of it, a line each."""

import asyncio
import socket
from typing import Final

import msgspec

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.notices import Order, Word

_MOST: Final = 64 << 10


async def give(line: socket.socket, order: Order, seconds: float) -> Word:
    """Give an order, and return the word that came back. Raises Unavailable, OSError."""
    loop = asyncio.get_running_loop()
    said = bytearray()
    try:
        async with asyncio.timeout(seconds):
            await loop.sock_sendall(line, msgspec.json.encode(order) + b"\n")
            while not said.endswith(b"\n") and len(said) < _MOST:
                part = await loop.sock_recv(line, _MOST)
                if not part:
                    break
                said += part
    except ConnectionError:
        said.clear()  # it has died, or was killed
    except TimeoutError:
        raise Unavailable(f"cannot notify: it took longer than {seconds:g} s") from None
    try:
        return msgspec.json.decode(said, type=Word)
    except msgspec.DecodeError:
        raise Unavailable("cannot notify: it ended without a word") from None
