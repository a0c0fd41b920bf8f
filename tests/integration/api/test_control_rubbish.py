"""Bad input on the control socket once the hellos are said: told, and nobody else is disturbed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import call, framed, greeted, opened, raw_call
from tests.unit.api import desks
from tests.unit.api.desks import at_work


def packed(**fields: object) -> bytes:
    return framed(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize(
    ("rubbish", "code", "why"),
    [
        (framed(b"\xc1"), "bad-request", "cannot read a frame: "),
        (framed(b""), "bad-request", "cannot read a frame: "),
        (framed(b"\x91" * 100_000), "bad-request", "cannot read a frame: "),
        (framed(b"\x81\xa5frame\xa1\xff"), "bad-request", "cannot read a frame: "),
        (packed(frame="bogus"), "bad-request", "cannot read a frame: "),
        (packed(frame="call", request={}), "bad-request", "cannot read a frame: "),
        (packed(frame="cancel", call="1"), "bad-request", "cannot read a frame: "),
        (f.encode(f.Hello()), "bad-request", "cannot talk to you: a hello comes first, and once"),
        (b"\xff\xff\xff\xff", "too-large", "cannot read a frame of 4294967295 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_no_frame_is_told_and_hung_up_on_after_the_answers_before_it(
    tmp_path: Path, rubbish: bytes, code: str, why: str
) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as other,
            greeted(door.path) as caller,
        ):
            caller.send(call(1, p.Inbox()), rubbish, call(2, p.Inbox()))
            assert (await caller.next())["frame"] == "ok"
            failed = await caller.next()
            assert (failed["frame"], failed["call"], failed["code"]) == ("failed", 0, code)
            assert failed["message"].startswith(why)
            assert failed["hint"] == "pmrunnerctl version"
            assert await caller.is_hung_up()
            other.send(call(1, p.Inbox()))
            assert (await other.next())["frame"] == "ok"

    asyncio.run(scenario())


def test_deep_things_in_a_request_fail_that_call_or_that_connection_and_nothing_else(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            for deep in (b"\x91" * 500 + b"\xc0", b"\x91" * 100_000 + b"\xc0"):
                async with greeted(door.path) as caller:
                    whole = raw_call(1, 7)[f.HEADER :]
                    assert whole.endswith(b"\x07")
                    caller.send(framed(whole[:-1] + deep))
                    assert (await caller.next())["code"] == "bad-request"
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Inbox()))
                assert (await caller.next())["frame"] == "ok"

    asyncio.run(scenario())


@pytest.mark.parametrize("part", [lambda whole: whole[:2], lambda whole: whole[:-1]])
def test_a_frame_that_ends_in_the_middle_is_dropped_and_what_came_before_it_answered(
    tmp_path: Path, part: Callable[[bytes], bytes]
) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            await desk.store.commit(desks.added())
            half = part(call(2, p.ChatSend(project="demo", text="half"), "b"))
            caller.send(call(1, p.ChatSend(project="demo", text="whole"), "a"), half)
            caller.writer.write_eof()
            assert (await caller.next())["result"] == {"id": "m1"}
            failed = await caller.next()
            assert (failed["call"], failed["code"]) == (0, "bad-request")
            assert failed["message"] == "cannot read a frame: it ended in the middle"
            assert await caller.is_hung_up()
            assert list(desk.store.state.messages) == ["m1"]

    asyncio.run(scenario())


def test_a_flood_of_cancels_costs_nothing_and_ends_only_what_is_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            await desk.store.commit(desks.added())
            caller.send(call(1, p.Events(since=1, follow=True)))
            caller.send(call(2, p.Events(since=1, follow=True)))
            caller.send(*(f.encode(f.Cancel(call=n % 7 + 2)) for n in range(50_000)))
            caller.send(call(3, p.Inbox()))
            answers = await caller.answers(2)
            assert (answers[2]["frame"], answers[2]["reason"]) == ("closed", "end")
            assert answers[3]["frame"] == "ok"
            await desk.store.commit(desks.posted())
            assert (await caller.next())["call"] == 1

    asyncio.run(scenario())


def test_a_client_that_never_reads_is_not_read_from_and_keeps_nobody_waiting(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        limits = Limits(frame=0.05)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            greeted(door.path) as deaf,
            greeted(door.path) as other,
        ):
            await desk.store.commit(desks.added(), desks.posted("x" * 100_000))
            deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
            deaf.send(*(call(n, p.ChatHistory(project="demo")) for n in range(1, 1001)))
            for n in range(1, 101):
                other.send(call(n, p.Inbox()))
                assert (await other.next())["frame"] == "ok"
            assert max(one.pending for one in door.lobby.present) < f.FRAME_LIMIT

    asyncio.run(scenario())
