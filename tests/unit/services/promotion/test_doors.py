import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model import frames
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.services.promotion.doors import Doors

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def control(*says: frames.Frame | bytes) -> Answer:
    """Return a daemon that says these, one after another."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            for one in says:
                size = int.from_bytes(await reader.readexactly(frames.HEADER), "big")
                await reader.readexactly(size)
                writer.write(one if isinstance(one, bytes) else frames.encode(one))
            await writer.drain()
        writer.close()

    return answer


def page(line: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{line}\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    return answer


async def _looked(
    path: Path, inside: Answer, web: Answer | None = None
) -> tuple[Doors, tuple[str, ...]]:
    async with contextlib.AsyncExitStack() as servers:
        await servers.enter_async_context(await asyncio.start_unix_server(inside, path))
        where = None
        if web is not None:
            server = await asyncio.start_server(web, "127.0.0.1", 0)
            await servers.enter_async_context(server)
            where = server.sockets[0].getsockname()
        doors = Doors(path, where, patience=0.2)
        found = await doors.troubles("2-b")
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    return doors, found


def troubles(path: Path, inside: Answer, web: Answer | None = None) -> tuple[str, ...]:
    return asyncio.run(_looked(path / "control.sock", inside, web))[1]


HELLO = frames.Hello(release="2-b")
OK = frames.Ok(call=1, result=msgspec.Raw(msgspec.msgpack.encode({"of": "a newer release"})))
WELL = control(HELLO, OK)


def test_one_that_answers_at_both_doors_is_well(tmp_path: Path) -> None:
    assert troubles(tmp_path, WELL, page("HTTP/1.1 200 OK")) == ()


def test_another_release_that_answers_is_not_it(tmp_path: Path) -> None:
    (why,) = troubles(tmp_path, control(frames.Hello(release="1-a"), OK))
    assert why == "release 1-a answers, and not 2-b"


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (_silent, "does not answer within"),
        (control(b"\xff\xff\xff\xff"), "a frame of 4294967295 bytes"),
        (control(b"\x00\x00\x00\x01x"), "cannot be understood"),
        (control(HELLO), "cannot be"),
        (
            control(HELLO, frames.Failed(call=1, code=Code.INTERNAL, message="a bug")),
            "it does not say how it is: a bug",
        ),
        (control(frames.Hello(release="\x1b[2J" + "x" * 5000)), f"release  [2J{'x' * 196} answers"),
    ],
)
def test_whatever_else_it_does_it_is_not_well(tmp_path: Path, inside: Answer, why: str) -> None:
    (found,) = troubles(tmp_path, inside)
    assert why in found


@pytest.mark.parametrize("line", ["HTTP/1.1 503 Service Unavailable", "", "nonsense"])
def test_a_page_that_is_not_well_is_named(tmp_path: Path, line: str) -> None:
    first, second = troubles(tmp_path, WELL, page(line))
    assert "/healthz answers" in first
    assert "/readyz answers" in second


def test_where_nobody_listens_that_is_said_of_each_door(tmp_path: Path) -> None:
    doors = Doors(tmp_path / "none.sock", ("127.0.0.1", 1))
    assert len(asyncio.run(doors.troubles("2-b"))) == 3
    assert asyncio.run(doors.release()) == ""


@pytest.mark.parametrize(
    ("told", "canary"),
    [
        ({}, None),
        ({"canary": None}, None),
        ({"canary": {"flight": "a word of a newer release"}}, None),
        (
            {"canary": {"flight": "lost", "why": "no room"}},
            Canary(flight=Flight.LOST, why="no room"),
        ),
    ],
)
def test_what_it_says_of_its_canary_is_known_and_whatever_else_is_none(
    tmp_path: Path, told: dict[str, object], canary: Canary | None
) -> None:
    ok = frames.Ok(call=1, result=msgspec.Raw(msgspec.msgpack.encode(told)))
    doors, troubles = asyncio.run(_looked(tmp_path / "control.sock", control(HELLO, ok)))
    assert (doors.canary, troubles) == (canary, ())
