"""Calls on the control socket: many at a time, good and bad, each answered by its number."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import call, greeted, opened, raw_call
from tests.unit.api import desks
from tests.unit.api.desks import SlowDisk, at_work, until

SEND = p.ChatSend(project="demo", text="do it")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"command": "bogus"}, "cannot do 'bogus': pmrunnerd 0.1.0 has no such command"),
        (
            {"command": "status", "extra": 1},
            "cannot do status: there is no extra",
        ),
        (
            {"command": "project show"},
            "cannot do project show: project is missing",
        ),
        (
            {"command": "project show", "project": "x" * 257},
            "cannot do project show: project is longer than 256",
        ),
        ({"no": "command"}, "cannot read the request: "),
        ([1, 2], "cannot read the request: "),
        ({"command": "task show", "task": "t9"}, "cannot find task t9"),
    ],
)
def test_a_request_that_cannot_be_done_is_answered_and_the_next_one_is_too(
    tmp_path: Path, request_: object, message: str
) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            caller.send(raw_call(5, request_), call(6, p.ProjectList()))
            answers = await caller.answers(2)
            assert answers[5]["frame"] == "failed"
            assert answers[5]["message"].startswith(message)
            assert answers[6]["frame"] == "ok"

    asyncio.run(scenario())


def test_calls_are_answered_by_number_as_they_are_done(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                disk.spinning.clear()
                caller.send(call(1, SEND, "a"), call(2, SEND, "b"), call(3, p.ProjectList()))
                # What only looks does not wait for what waits for the disk.
                assert (await caller.next())["call"] == 3
                disk.spinning.set()
                answers = await caller.answers(2)
                assert [answers[n]["result"]["id"] for n in (1, 2)] == ["m1", "m2"]

    asyncio.run(scenario())


def test_more_calls_than_may_be_under_way_are_answered_in_their_turn(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk, limits = SlowDisk(), Limits(in_flight=4, frame=0.2)
        async with (
            at_work(tmp_path, disk=disk) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            greeted(door.path) as caller,
        ):
            await desk.store.commit(desks.added())
            disk.spinning.clear()
            caller.send(*(call(n, SEND, f"id{n}") for n in range(1, 101)))
            await until(lambda: len(desk.store.ahead.messages) >= limits.in_flight)
            # Longer than a frame may take to come: it is we who do not read.
            await asyncio.sleep(2 * limits.frame)
            assert len(desk.store.ahead.messages) == limits.in_flight
            disk.spinning.set()
            answers = await caller.answers(100)
            assert {a["result"]["id"] for a in answers.values()} == {f"m{n}" for n in range(1, 101)}

    asyncio.run(scenario())


def test_a_number_that_is_under_way_cannot_be_used_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            caller.send(call(1, p.Events(follow=True)), call(1, p.Status()))
            failed = await caller.next()
            assert (failed["call"], failed["code"]) == (0, "bad-request")
            assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_a_caller_that_has_said_all_gets_its_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(*(call(n, SEND, f"id{n}") for n in range(1, 151)))
                caller.writer.write_eof()
                assert len(await caller.answers(150)) == 150
                assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_an_identifier_is_answered_alike_after_the_connection_and_the_daemon_were_lost(
    tmp_path: Path,
) -> None:
    async def scenario(request: p.Request[p.Done]) -> dict[str, object]:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            if not desk.store.state.projects:
                await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(call(1, request, "a"))
                return await caller.next()

    first = asyncio.run(scenario(SEND))
    assert first["result"] == {"id": "m1"}
    assert asyncio.run(scenario(SEND)) == first
    other = asyncio.run(scenario(p.ChatSend(project="demo", text="something else")))
    assert other["code"] == "conflict"
