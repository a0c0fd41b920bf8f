import asyncio
from pathlib import Path

import pytest

from pmrunnerd.engine import farewell
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.progress import Committed
from pmrunnerd.services.holding import Held
from tests.unit.engine.puppets import BEGAN, Stage, finished, play
from tests.unit.store.parts import AT


def test_the_end_of_a_run_is_told_once_nothing_is_left_of_its_dead_host(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.host.sticky = 2
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN)
            await stage.until(lambda: stage.state.runs[run].head)
            stage.host.living.clear()
        assert stage.host.swept == [run] * 3
        assert stage.made_safe == [(Path("/srv/demo"), run)]
        assert stage.state.tasks["t1"].state is TaskState.QUEUED

    play(tmp_path, scene)


@pytest.mark.parametrize("trouble", [Held("another run has it"), OSError("no files")])
def test_a_workspace_that_nobody_can_look_at_keeps_no_end_from_being_told(
    tmp_path: Path, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        stage.workspace_trouble = trouble
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN)
            await stage.until(lambda: stage.state.runs[run].head)
            stage.host.living.clear()
        assert stage.state.tasks["t1"].state is TaskState.QUEUED
        assert f"cannot look at what run {run} left in /srv/demo: {trouble}" in caplog.text

    play(tmp_path, scene)


def test_a_host_that_does_not_leave_after_its_last_word_is_stopped(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN, finished())
        assert stage.host.stopped == [run]
        assert stage.state.tasks["t1"].state is TaskState.COMPLETE

    play(tmp_path, scene)


def test_a_run_that_said_its_last_word_succeeded_whoever_cannot_see_its_host_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "AGAIN", 0.01)

    async def scene(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.runs.start("t1"))
            run = await stage.started()
            stage.host.say(run, BEGAN)
            await stage.until(lambda: stage.state.runs[run].head)
            stage.host.unseen = 5
            done = Committed(at=AT, commit="77aa", subject="x", files=1)
            stage.host.say(run, done, finished())
            stage.host.living.clear()
        task = stage.state.tasks["t1"]
        assert (task.state, task.commit) == (TaskState.COMPLETE, "77aa")

    play(tmp_path, scene)
