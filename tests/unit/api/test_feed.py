import asyncio
import contextlib
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.api import feed
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.model.progress import AnyProgress, Finished, Output
from tests.unit.api import desks
from tests.unit.api.desks import AT, Bench, at_work


async def taken(stream: feed.Stream, count: int) -> list[tuple[object, ...]]:
    async with asyncio.timeout(180):
        return [await anext(stream) for _ in range(count)]


async def whole(stream: feed.Stream) -> list[tuple[object, ...]]:
    async with asyncio.timeout(180):
        return [group async for group in stream]


def test_what_was_said_in_one_commit_is_told_in_one_piece(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            await desk.store.commit(desks.posted("one"), desks.posted("two", "m2"))
            await desk.store.commit(desks.posted("elsewhere", "m3", "w2"))
            await desk.store.commit(desks.posted("three", "m4"))
            stream = feed.chat_follow(desk, p.ChatFollow(project="demo", since=0))
            async with contextlib.aclosing(stream):
                groups = await taken(stream, 2)
                texts = [[entry.text for entry in group] for group in groups]  # type: ignore[attr-defined]
                assert texts == [["one", "two"], ["three"]]

    asyncio.run(scenario())


def test_a_follower_wakes_for_what_concerns_it_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            stream = feed.chat_follow(desk, p.ChatFollow(project="demo"))
            async with contextlib.aclosing(stream), asyncio.TaskGroup() as group:
                waiting = group.create_task(taken(stream, 1))
                await desk.store.commit(desks.posted("elsewhere", "m1", "w2"))
                await asyncio.sleep(0)
                assert not waiting.done()
                await desk.store.commit(desks.posted("here", "m2"))
                assert (await waiting)[0][0].text == "here"  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_events_of_a_project_leave_out_those_of_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            await desk.store.commit(ev.DaemonStarted(release="1", pid=1))
            await desk.store.commit(desks.posted())
            groups = await whole(feed.events(desk, p.Events(project="demo")))
            (first,), (second,) = groups
            assert [fact.project for fact in first.facts] == ["w1"]  # type: ignore[attr-defined]
            assert second.cursor == 3  # type: ignore[attr-defined]
            assert len(await whole(feed.events(desk, p.Events()))) == 3
            assert await whole(feed.events(desk, p.Events(since=3))) == []

    asyncio.run(scenario())


def test_events_without_follow_end_where_the_journal_ended(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            stream = feed.events(desk, p.Events())
            seen = await taken(stream, 1)
            await desk.store.commit(desks.posted())
            assert await whole(stream) == []
            assert len(seen) == 1

    asyncio.run(scenario())


def test_a_cursor_of_another_state_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            with pytest.raises(BadRequest, match="from 2: the last commit is 1"):
                feed.events(desk, p.Events(since=2, follow=True))
            with pytest.raises(BadRequest, match="from 2"):
                feed.chat_follow(desk, p.ChatFollow(project="demo", since=2))
            with pytest.raises(NotFound):
                feed.run_logs(desk, p.RunLogs(run="r9"))

    asyncio.run(scenario())


def test_a_cursor_of_another_lineage_is_told_where_ours_begins(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(ev.DaemonStarted(release="1", pid=1))
            await desk.store.commit(desks.added())
            await desk.store.commit(ev.StateRestored(commits=2, kept="b"))
            await desk.store.commit(desks.posted())
            for stream, cursor in (
                (feed.events(desk, p.Events(since=9, follow=True, lineage=AT)), 2),
                (feed.events(desk, p.Events(since=3, lineage=AT)), 2),
                (feed.events(desk, p.Events(since=1, lineage="unheard of")), 1),
                (feed.events(desk, p.Events(since=9, lineage="b")), 4),
                (feed.chat_follow(desk, p.ChatFollow(project="demo", since=3, lineage=AT)), 2),
                # What is not there any more is told once they know why.
                (feed.chat_follow(desk, p.ChatFollow(project="gone", since=3, lineage=AT)), 2),
                (feed.run_logs(desk, p.RunLogs(run="r9", cursor=345, lineage=AT)), 345),
            ):
                with pytest.raises(feed.Restored) as told:
                    await whole(stream)
                assert told.value.cursor == cursor
            assert len(await whole(feed.events(desk, p.Events(since=2, lineage="b")))) == 2
            with pytest.raises(NotFound):
                feed.run_logs(desk, p.RunLogs(run="r9", cursor=345, lineage="b"))

    asyncio.run(scenario())


def write(directory: Path, *lines: AnyProgress) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    with directory.joinpath("events.jsonl").open("ab") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
        return file.tell()


async def with_run(desk: Desk) -> Path:
    await desk.store.commit(desks.added(), desks.posted(), desks.drafted("one"), desks.APPROVED)
    await desk.store.commit(desks.started())
    return desk.run_directory("r1-aaaa")


def test_logs_without_follow_are_what_is_there_from_a_cursor_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            directory = await with_run(desk)
            assert await whole(feed.run_logs(desk, p.RunLogs(run="r1-aaaa"))) == []
            lines = [Output(at=AT, stream="stdout", text=f"{n}\n") for n in range(300)]
            end = write(directory, *lines)
            found = await whole(feed.run_logs(desk, p.RunLogs(run="r1-aaaa")))
            assert [line.progress for (line,) in found] == lines  # type: ignore[attr-defined]
            cursors = [line.cursor for (line,) in found]  # type: ignore[attr-defined]
            assert cursors[-1] == end
            request = p.RunLogs(run="r1-aaaa", cursor=cursors[249])
            assert len(await whole(feed.run_logs(desk, request))) == 50

    asyncio.run(scenario())


@pytest.mark.parametrize("off", [5, -1, 1, 99_999_999], ids=["in", "before", "after", "beyond"])
@pytest.mark.parametrize("follow", [True, False])
def test_a_cursor_at_which_no_line_of_a_log_ends_is_refused(
    tmp_path: Path, off: int, *, follow: bool
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            line = Output(at=AT, stream="stdout", text="hello\n")
            end = write(await with_run(desk), line, line)
            request = p.RunLogs(run="r1-aaaa", cursor=end // 2 + off, follow=follow)
            with pytest.raises(BadRequest, match="no line of it ends there") as refused:
                feed.run_logs(desk, request)
            assert refused.value.hint

    asyncio.run(scenario())


def test_a_log_of_another_lineage_goes_on_where_a_line_of_ours_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            end = write(await with_run(desk), Output(at=AT, stream="stdout", text="hello\n"))
            for cursor, ours in ((end, end), (end + 40, 0)):
                request = p.RunLogs(run="r1-aaaa", cursor=cursor, follow=True, lineage="other")
                with pytest.raises(feed.Restored) as restored:
                    await whole(feed.run_logs(desk, request))
                assert restored.value.cursor == ours

    asyncio.run(scenario())


def test_a_log_ends_with_the_outcome_that_is_recorded(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            directory = await with_run(desk)
            stream = feed.run_logs(desk, p.RunLogs(run="r1-aaaa", follow=True))
            async with contextlib.aclosing(stream):
                await desk.store.commit(ev.TaskCancelRequested(task="t1", project="w1", by="anna"))
                write(directory, Finished(at=AT, outcome=Outcome.INTERRUPTED, reason="told to"))
                ((line,),) = await taken(stream, 1)
            await desk.store.commit(
                ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.CANCELLED, cursor=1),
                ev.TaskCancelled(task="t1", project="w1", by="anna"),
            )
            await desk.store.commit(ev.TaskRetried(task="t1", project="w1", by="anna"))
            ((later,),) = await whole(feed.run_logs(desk, p.RunLogs(run="r1-aaaa")))
            for said in (line, later):
                assert said.progress.outcome is Outcome.CANCELLED  # type: ignore[attr-defined]
                assert said.progress.reason == "told to"  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_a_lost_wake_up_costs_a_tick_and_no_line(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path, Bench()) as desk:  # nobody ever says that the file grew
            directory = await with_run(desk)
            stream = feed.run_logs(desk, p.RunLogs(run="r1-aaaa", follow=True))
            async with contextlib.aclosing(stream), asyncio.TaskGroup() as group:
                waiting = group.create_task(taken(stream, 1))
                await asyncio.sleep(0)
                write(directory, Output(at=AT, stream="stdout", text="late\n"))
                assert (await waiting)[0][0].progress.text == "late\n"  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_a_followed_log_ends_with_its_run_and_after_its_last_line(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            directory = await with_run(desk)
            stream = feed.run_logs(desk, p.RunLogs(run="r1-aaaa", follow=True))
            async with contextlib.aclosing(stream), asyncio.TaskGroup() as group:
                write(directory, Finished(at=AT, outcome=Outcome.SUCCEEDED))
                assert len(await taken(stream, 1)) == 1
                waiting = group.create_task(whole(stream))
                await desk.store.commit(
                    ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.SUCCEEDED, cursor=1),
                    ev.TaskCompleted(task="t1", project="w1"),
                )
                assert await waiting == []

    asyncio.run(scenario())


def test_a_stream_begins_where_it_was_asked_to() -> None:
    assert feed.cursor_of(p.Events(since=3)) == 3
    assert feed.cursor_of(p.RunLogs(run="r", cursor=4)) == 4
    assert feed.cursor_of(p.ChatFollow(project="demo")) == 0
