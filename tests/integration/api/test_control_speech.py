"""What is said on the control socket, by a raw client to a real door."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import events as ev
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import call, calling, framed, greeted, opened
from tests.unit.api import desks
from tests.unit.api.desks import AT, at_work

SEND = p.ChatSend(project="demo", text="do it")


def test_a_hello_says_who_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(ev.DaemonStarted(release="1", pid=1))
            async with calling(door.path) as caller:
                hello = await caller.hello()
            assert hello == {
                "frame": "hello",
                "lowest": f.VERSION,
                "highest": f.VERSION,
                "environment": "dev",
                "release": "0.1.0",
                "lineage": AT,
            }

    asyncio.run(scenario())


def test_versions_that_do_not_meet_are_told_and_hung_up_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            calling(door.path) as caller,
        ):
            caller.send(f.encode(f.Hello(lowest=7, highest=9)), call(1, p.Status()))
            assert (await caller.next())["highest"] == f.VERSION
            failed = await caller.next()
            assert (failed["frame"], failed["call"]) == ("failed", 0)
            assert failed["code"] == "bad-request"
            assert "versions 7 to 9" in failed["message"]
            assert await caller.is_hung_up()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("rubbish", "code", "why"),
    [
        (framed(b"\xc1\xc1"), "bad-request", "cannot read a frame"),
        (framed(b""), "bad-request", "cannot read a frame"),
        (framed(b"\x91" * 3000), "bad-request", "cannot read a frame"),
        (framed(msgspec.msgpack.encode({"frame": "bogus"})), "bad-request", "bogus"),
        (framed(msgspec.msgpack.encode({"frame": "hello", "lowest": "1"})), "bad-request", "int"),
        (b"GET / HTTP/1.1\r\n\r\n", "too-large", "cannot read a frame of 1195725856 bytes"),
        (framed(b"x" * 5000), "too-large", "the limit is 4096"),
        (call(1, p.Status()), "bad-request", "a hello comes first"),
    ],
)
def test_rubbish_before_hello_is_told_and_hung_up_on(
    tmp_path: Path, rubbish: bytes, code: str, why: str
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            async with calling(door.path) as caller:
                caller.send(rubbish)
                failed = await caller.next()
                assert (failed["frame"], failed["call"], failed["code"]) == ("failed", 0, code)
                assert why in failed["message"]
                assert await caller.is_hung_up()
            async with greeted(door.path) as next_caller:
                next_caller.send(call(1, p.ProjectList()))
                assert (await next_caller.next())["frame"] == "ok"

    asyncio.run(scenario())


def test_a_frame_over_the_limit_is_refused_before_it_has_come(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            caller.send((f.FRAME_LIMIT + 1).to_bytes(4, "big"))
            failed = await caller.next()
            assert (failed["code"], failed["call"]) == ("too-large", 0)
            assert str(f.FRAME_LIMIT) in failed["message"]
            assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_the_largest_message_goes_in_and_comes_out_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                text = "\x01" * p.MESSAGE_LIMIT
                caller.send(call(1, p.ChatSend(project="demo", text=text), "a"))
                assert (await caller.next())["result"] == {"id": "m1"}
                caller.send(call(2, p.ChatHistory(project="demo")))
                assert (await caller.next())["result"]["entries"][0]["text"] == text

    asyncio.run(scenario())


@pytest.mark.parametrize("first", [b"", b"\0\0", (100).to_bytes(4, "big") + b"half"])
def test_whoever_does_not_say_hello_in_time_is_hung_up_on(tmp_path: Path, first: bytes) -> None:
    async def scenario() -> None:
        limits = Limits(hello=0.05)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            calling(door.path) as caller,
        ):
            caller.send(first)
            assert "a hello" in (await caller.next())["message"]
            assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_a_frame_that_stalls_is_hung_up_on_and_an_idle_caller_is_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        limits = Limits(hello=0.05, frame=0.05)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            greeted(door.path) as idle,
            greeted(door.path) as stalled,
        ):
            stalled.send(call(1, p.Status())[:-1])
            assert "the rest of a frame" in (await stalled.next())["message"]
            assert await stalled.is_hung_up()
            idle.send(call(1, p.ProjectList()))
            assert (await idle.next())["frame"] == "ok"

    asyncio.run(scenario())


def test_a_frame_may_come_byte_by_byte(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            for byte in call(1, p.ProjectList()) + call(2, p.ProjectList()):
                caller.send(bytes([byte]))
                await asyncio.sleep(0)
            assert set(await caller.answers(2)) == {1, 2}

    asyncio.run(scenario())
