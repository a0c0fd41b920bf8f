"""Streams on the control socket: nothing missed, nothing pushed, nothing left behind."""

import asyncio
import gc
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec

from pmrunnerd.model import events as ev
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Finished, Output
from tests.integration.api.callers import Caller, call, greeted, opened
from tests.unit.api import desks
from tests.unit.api.desks import AT, Bench, at_work

SOCKET_BUFFERS = 1 << 20


async def until_closed(caller: Caller) -> tuple[list[Any], dict[str, Any]]:
    items = []
    while (frame := await caller.next())["frame"] == "item":
        items.append(frame["item"])
    return items, frame


def test_a_conversation_is_followed_from_now_on_and_from_a_cursor(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            await desk.store.commit(desks.posted("first", "m1"))
            async with greeted(door.path) as caller:
                caller.send(
                    call(1, p.ChatFollow(project="demo")),
                    call(2, p.ChatFollow(project="demo", since=0)),
                    call(3, p.ProjectList()),
                )
                answers = await caller.answers(2)
                assert answers[2]["item"]["text"] == "first"
                await desk.store.commit(desks.posted("second", "m2"))
                answers = await caller.answers(2)
                assert [answers[n]["item"]["text"] for n in (1, 2)] == ["second", "second"]

    asyncio.run(scenario())


def test_what_happened_is_told_to_its_end_and_no_further(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            for n in range(1, 101):
                await desk.store.commit(desks.posted(f"text {n}", f"m{n}"))
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Events(since=3)))
                items, closed = await until_closed(caller)
                assert [item["cursor"] for item in items] == list(range(4, 102))
                assert items[0]["facts"][0]["text"] == "text 3"
                assert (closed["reason"], closed["cursor"]) == ("end", 101)

    asyncio.run(scenario())


def test_only_what_is_durable_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = desks.SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Events(follow=True)))
                assert (await caller.next())["item"]["cursor"] == 1
                disk.spinning.clear()
                commit = desk.store.commit(desks.posted())
                caller.send(call(2, p.ChatHistory(project="demo")))
                assert (await caller.next())["result"]["entries"] == []
                disk.spinning.set()
                await commit
                assert (await caller.next())["item"]["cursor"] == 2

    asyncio.run(scenario())


def test_a_follower_that_does_not_read_costs_no_memory_and_misses_nothing(tmp_path: Path) -> None:
    text, count = "x" * 10_000, 1500

    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
                caller.send(call(1, p.ChatFollow(project="demo", since=0)))
                for n in range(1, 101):
                    await desk.store.commit(desks.posted(text, f"m{n}"))
                gc.collect()
                tracemalloc.start()
                for n in range(101, count + 1):
                    commit = desk.store.commit(desks.posted("y", f"m{n}"), desks.posted(text, "m1"))
                    await commit
                    desk.store.state.messages.clear()  # they are the state's, not the follower's
                    desk.store.ahead.messages.clear()
                gc.collect()
                grown, _ = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                assert grown < SOCKET_BUFFERS
                caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
                for n in range(1, 101):
                    assert (await caller.next())["item"]["id"] == f"m{n}"
                for n in range(101, count + 1):
                    assert (await caller.next())["item"]["id"] == f"m{n}"
                    await caller.next()

    asyncio.run(scenario())


def test_a_stream_ends_when_its_follower_has_enough_and_others_go_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Events(follow=True)), call(2, p.Events(follow=True)))
                assert set(await caller.answers(2)) == {1, 2}
                caller.send(f.encode(f.Cancel(call=1)), f.encode(f.Cancel(call=77)))
                closed = await caller.next()
                assert closed == {"frame": "closed", "call": 1, "reason": "end", "cursor": 1}
                await desk.store.commit(desks.posted())
                assert (await caller.next())["call"] == 2

    asyncio.run(scenario())


def test_a_stream_of_what_is_not_there_fails_as_a_call_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            caller.send(
                call(1, p.RunLogs(run="r9")),
                call(2, p.ChatFollow(project="nope")),
                call(3, p.Events(since=99)),
            )
            answers = await caller.answers(3)
            codes = [answers[n]["code"] for n in (1, 2, 3)]
            assert codes == ["not-found", "not-found", "bad-request"]

    asyncio.run(scenario())


def write(directory: Path, *lines: AnyProgress) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with directory.joinpath("events.jsonl").open("ab") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)


def test_a_run_is_followed_until_its_end_is_recorded(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(
                desks.added(), desks.posted(), desks.drafted("one"), desks.APPROVED
            )
            await desk.store.commit(desks.started("r1-aaaa"))
            directory = desk.run_directory("r1-aaaa")
            async with greeted(door.path) as caller:
                caller.send(call(1, p.RunLogs(run="r1-aaaa", follow=True)))
                write(directory, Output(at=AT, stream="stdout", text="hello\n"))
                bench.growth.set()
                first = (await caller.next())["item"]
                assert first["progress"]["text"] == "hello\n"
                write(directory, Finished(at=AT, outcome=Outcome.SUCCEEDED))
                bench.growth.set()
                assert (await caller.next())["item"]["progress"]["event"] == "finished"
                caller.send(call(2, p.RunLogs(run="r1-aaaa", cursor=first["cursor"])))
                items, closed = await until_closed(caller)
                assert [item["progress"]["event"] for item in items] == ["finished"]
                assert closed["call"] == 2
                await desk.store.commit(
                    ev.RunEnded(
                        run="r1-aaaa",
                        project="w1",
                        outcome=Outcome.SUCCEEDED,
                        cursor=items[-1]["cursor"],
                    ),
                    ev.TaskCompleted(task="t1", project="w1"),
                )
                closed = await caller.next()
                assert (closed["call"], closed["reason"]) == (1, "end")
                assert closed["cursor"] == items[-1]["cursor"]

    asyncio.run(scenario())
