"""Parting from a listening socket so that nobody who was let in is hung up on, and nobody else is lost."""

import asyncio
from collections.abc import Callable
from typing import Final

# How long, in seconds, somebody who has connected and asked nothing yet may take when we leave.
WELCOME: Final = 0.2
# Turns of the loop in which connections that the kernel has given us appear and are read.
TURNS: Final = 5


async def turns() -> None:
    """Let the loop turn until whoever the kernel has given us has been heard."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def let_nobody_in(server: asyncio.Server) -> None:
    """Accept no more; who was accepted is heard. The socket stays open, and who comes waits in it.

    Not `close`: from that moment on asyncio drops whom it accepted in the same turn.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    await turns()


async def until(moved: asyncio.Event, seconds: float, reached: Callable[[], bool]) -> None:
    """Wait until something is so, looked at whenever `moved` is set; or for some seconds at most.

    Not `asyncio.timeout`: whoever parts is being cancelled, and until Python 3.11.4 a time that is over cancels
    them once more there, and they would part no further.
    """
    over = asyncio.Event()

    def end() -> None:
        over.set()
        moved.set()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    try:
        while not (reached() or over.is_set()):
            moved.clear()
            await moved.wait()
    finally:
        timer.cancel()
