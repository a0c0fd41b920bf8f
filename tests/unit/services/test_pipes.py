import asyncio
import os

import pytest

from pmrunnerd.services.pipes import CHUNK, Drain


def test_everything_that_was_written_is_fed_in_order() -> None:
    fed: list[bytes] = []
    data = os.urandom(3 * CHUNK + 17)

    async def drain() -> None:
        reader, writer = os.pipe()
        drained = Drain(reader, fed.append)
        await asyncio.to_thread(_write_and_close, writer, data)
        await drained.finished()

    asyncio.run(drain())

    assert b"".join(fed) == data


def _write_and_close(writer: int, data: bytes) -> None:
    with os.fdopen(writer, "wb") as file:
        file.write(data)


def test_the_end_is_told_once_and_after_all_that_came() -> None:
    told: list[bytes] = []

    async def drain() -> None:
        reader, writer = os.pipe()
        drained = Drain(reader, told.append, over=lambda: told.append(b"over"))
        _write_and_close(writer, b"word")
        await drained.finished()
        drained.close()

    asyncio.run(drain())

    assert told == [b"word", b"over"]


def test_what_feeding_raises_is_raised_by_whoever_waits() -> None:
    def feed(data: bytes) -> None:
        raise ValueError(data)

    async def drain() -> None:
        reader, writer = os.pipe()
        drained = Drain(reader, feed)
        os.write(writer, b"x")
        try:
            await drained.finished()
        finally:
            os.close(writer)

    with pytest.raises(ValueError, match="x"):
        asyncio.run(drain())


def test_a_pipe_that_a_stranger_holds_open_can_be_let_go() -> None:
    async def drain() -> int:
        reader, writer = os.pipe()
        drained = Drain(reader, lambda _: None)
        drained.close()
        drained.close()
        await drained.finished()
        os.close(writer)
        return reader

    reader = asyncio.run(drain())

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.read(reader, 1)
