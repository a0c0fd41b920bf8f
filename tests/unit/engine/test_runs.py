import asyncio
import errno
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.progress import Asked, Committed, Kept
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.engine.puppets import BEGAN, Stage, finished, play
from tests.unit.store.parts import AT


def test_a_run_is_recorded_before_its_host_is_started_and_to_its_end(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            assert stage.state.tasks["t1"].state is TaskState.RUNNING
            assert RunDirectory(tmp_path / "runs" / run).read_spec().task == "t1"
            stage.host.say(run, BEGAN)
            await stage.until(lambda: stage.state.runs[run].head == "4f2a91c")
            stage.host.say(run, Committed(at=AT, commit="77aa", subject="x", files=1), finished())
            stage.host.living.clear()
        task = stage.state.tasks["t1"]
        assert (task.state, task.commit) == (TaskState.COMPLETE, "77aa")

    play(tmp_path, scene)


def test_a_host_that_cannot_be_started_fails_the_task_with_the_reason(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.host.broken = "no more processes"
        await stage.runs.start("t1")
        task = stage.state.tasks["t1"]
        assert task.state is TaskState.ERROR
        assert "no more processes" in task.reason

    play(tmp_path, scene)


def test_a_full_disk_before_a_run_could_begin_is_no_fault_of_its_task(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.host.broken, stage.host.error = "No space left on device", errno.ENOSPC
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(stage.runs.start("t1"))
            await stage.until(lambda: stage.state.tasks["t1"].reason)
            await asyncio.sleep(0)
            # Not at once again: each attempt is facts on that disk.
            assert not starting.done()
            starting.cancel()
        task = stage.state.tasks["t1"]
        assert (task.state, task.interruptions) == (TaskState.QUEUED, 0)
        assert "No space left on device" in task.reason

    play(tmp_path, scene, Settings(runs_interruptions=1))


def test_a_run_that_was_intended_and_never_started_is_queued_again(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1)
        )
        await stage.runs.follow_safely("r1-aaaa")
        assert stage.state.tasks["t1"].state is TaskState.QUEUED
        ended = stage.state.runs["r1-aaaa"].ended
        assert ended is not None
        assert (ended.outcome, ended.reason) == (Outcome.INTERRUPTED, "it was never started")

    play(tmp_path, scene)


def test_what_a_host_wrote_before_it_died_is_read_before_it_is_called_gone(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN, Asked(at=AT, text="which?"), finished(Outcome.ASKED))
            stage.host.living.clear()
        assert stage.state.tasks["t1"].state is TaskState.AWAITING_RESPONSE
        assert stage.state.questions["q1"].text == "which?"

    play(tmp_path, scene)


def test_a_host_that_is_gone_without_a_word_interrupts_its_task(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN)
            await stage.until(lambda: stage.state.runs[run].head)
            stage.host.living.clear()
        task = stage.state.tasks["t1"]
        assert (task.state, task.interruptions) == (TaskState.QUEUED, 1)

    play(tmp_path, scene)


def test_following_goes_on_from_the_recorded_cursor(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        (tmp_path / "runs" / "r1-aaaa").mkdir()
        stage.host.say("r1-aaaa", BEGAN)
        size = (tmp_path / "runs/r1-aaaa/events.jsonl").stat().st_size
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1),
            ev.RunBegan(run="r1-aaaa", project="w1", cursor=size, head="4f2a91c", confined=True),
        )
        stage.host.say("r1-aaaa", finished())
        await stage.runs.follow_safely("r1-aaaa")
        kinds = [type(f) for batch in stage.store.read(2) for f in batch.facts]
        assert kinds == [ev.RunEnded, ev.TaskCompleted, ev.PlanCompleted]

    play(tmp_path, scene)


def test_a_task_that_is_interrupted_too_often_fails(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        for attempt in (1, 2):
            run = f"r{attempt}-aaaa"
            await stage.store.commit(
                ev.RunStarted(run=run, task="t1", project="w1", agent="shell", attempt=attempt)
            )
            await stage.runs.follow_safely(run)
        assert stage.state.tasks["t1"].state is TaskState.ERROR

    play(tmp_path, scene, Settings(runs_interruptions=2))


def test_starting_a_task_that_is_not_queued_does_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.store.commit(ev.TaskCancelled(task="t1", project="w1", by="anna"))
        await stage.runs.start("t1")
        assert stage.host.started == []

    play(tmp_path, scene)


def test_an_event_file_that_cannot_be_read_stops_nobody_and_is_read_later(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            events = tmp_path / "runs" / run / "events.jsonl"
            # Links are not followed: a read of one fails.
            events.symlink_to("elsewhere")
            await asyncio.sleep(0.05)
            events.unlink()
            stage.host.say(run, BEGAN, finished())
            stage.host.living.clear()
        assert stage.state.tasks["t1"].state is TaskState.COMPLETE

    play(tmp_path, scene)


def test_a_stop_that_comes_before_the_host_is_there_reaches_it_later(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1)
        )
        (tmp_path / "runs" / "r1-aaaa").mkdir()
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.stop("r1-aaaa"))
            await asyncio.sleep(0)
            stage.host.living.add("r1-aaaa")
            group.create_task(stage.runs.follow_safely("r1-aaaa"))
        assert stage.host.stopped == ["r1-aaaa"]
        assert stage.state.tasks["t1"].state is TaskState.QUEUED

    play(tmp_path, scene)


def test_a_stop_of_what_does_not_die_is_tried_until_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        stage.host.stubborn = 2
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN)
            group.create_task(stage.runs.stop(run))
        assert stage.host.stopped == [run]
        assert f"cannot stop run {run}: processes of it do not die" in caplog.text

    play(tmp_path, scene)


def test_what_a_run_said_before_a_bug_of_ours_is_not_forgotten(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN, Kept(at=AT, ref="refs/x", files=1))
            await stage.until(lambda: stage.state.runs[run].head)
            stage.host.blind = True
        assert stage.state.tasks["t1"].state is TaskState.ERROR
        ended = stage.state.runs[run].ended
        assert ended is not None
        assert (ended.kept, "this is a bug" in ended.reason) == ("refs/x", True)

    play(tmp_path, scene)


def test_whoever_waits_for_the_end_of_a_run_is_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            assert not stage.runs.over.is_set()
            stage.host.say(run, BEGAN, finished())
            stage.host.living.clear()
            async with asyncio.timeout(180):
                await stage.runs.over.wait()
            assert not stage.state.active

    play(tmp_path, scene)
