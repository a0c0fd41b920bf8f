import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from pmrunnerd.api.outbox import BATCH, Outbox
from tests.unit.api.desks import until


class Wire(asyncio.Protocol):
    """The near end of a real socket; the far one is read by hand."""

    def __init__(self) -> None:
        self.outbox: Outbox | None = None

    def pause_writing(self) -> None:
        assert self.outbox is not None
        self.outbox.pause()

    def resume_writing(self) -> None:
        assert self.outbox is not None
        self.outbox.resume()


def with_outbox(
    scenario: Callable[[Outbox, socket.socket, asyncio.Transport], Coroutine[Any, Any, None]],
) -> None:
    async def run() -> None:
        near, far = socket.socketpair()
        far.setblocking(False)
        with far:
            loop = asyncio.get_running_loop()
            transport, wire = await loop.create_unix_connection(Wire, sock=near)
            wire.outbox = Outbox(transport)
            try:
                await scenario(wire.outbox, far, transport)
            finally:
                transport.abort()

    asyncio.run(run())


def received(far: socket.socket) -> bytes:
    try:
        return far.recv(1 << 20)
    except BlockingIOError:
        return b""


def test_what_is_sent_in_one_turn_of_the_loop_is_one_write() -> None:
    async def scenario(outbox: Outbox, far: socket.socket, _: asyncio.Transport) -> None:
        outbox.send(b"one ")
        outbox.send(b"two ")
        assert received(far) == b""
        await asyncio.sleep(0)
        assert received(far) == b"one two "
        outbox.flush()
        assert received(far) == b""

    with_outbox(scenario)


def test_more_than_a_batch_does_not_wait_for_the_turn_to_end() -> None:
    async def scenario(outbox: Outbox, far: socket.socket, _: asyncio.Transport) -> None:
        outbox.send(b"x" * (BATCH + 1))
        assert received(far)

    with_outbox(scenario)


def test_who_does_not_read_gets_no_more_until_it_does() -> None:
    async def scenario(outbox: Outbox, far: socket.socket, transport: asyncio.Transport) -> None:
        sent = 0
        while outbox.has_room:
            outbox.send(b"x" * BATCH)
            sent += BATCH
            outbox.flush()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(outbox.room())
            await asyncio.sleep(0.01)
            assert not waiting.done()
            taken = 0

            def all_read() -> bool:
                nonlocal taken
                taken += len(received(far))
                return taken == sent

            await until(all_read)
            await waiting
        assert transport.get_write_buffer_size() == 0

    with_outbox(scenario)


def test_after_the_last_words_nothing_is_said_and_nobody_waits() -> None:
    async def scenario(outbox: Outbox, far: socket.socket, _: asyncio.Transport) -> None:
        outbox.send(b"bye")
        outbox.pause()
        outbox.close()
        outbox.send(b"one more thing")
        await outbox.room()
        assert received(far) == b"bye"

    with_outbox(scenario)
