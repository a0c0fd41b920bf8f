import asyncio
from pathlib import Path

import pytest

from pmrunnerd.engine.loop import Engine
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.rules.admission import Room
from pmrunnerd.store.store import Store
from tests.unit.engine.engines import ENOUGH, an_engine, turning
from tests.unit.engine.puppets import BEGAN, Stage, finished, play

MANY = 6


class FullDisk(Planner):
    """Cannot plan anything, for a reason that passes."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.tries = 0
        self.often = asyncio.Event()

    async def plan(self, message: str) -> None:
        self.tries += 1
        if self.tries >= MANY:
            self.often.set()
        raise Unavailable(f"the disk is full, says {message}"[:16])


def test_a_disk_that_stays_full_is_told_once_and_not_at_every_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def whole(stage: Stage) -> None:
        planner = FullDisk(stage.store)
        engine = an_engine(stage, slots=0, planner=planner)
        for name in ("m2", "m3"):
            await stage.store.commit(
                ev.MessagePosted(message=name, project="w1", text="x", by="anna")
            )
        async with asyncio.TaskGroup() as group, asyncio.timeout(30):
            turns = group.create_task(engine.run())
            await planner.often.wait()
            turns.cancel()

    play(tmp_path, whole)
    (said,) = [line for line in caplog.messages if "go on with" in line]
    assert said.endswith("the disk is full")


def test_a_bug_that_one_task_brings_out_does_not_end_the_loop(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        stage.host.broken = "x"
        stage.host.bug = True
        await stage.until(lambda: stage.state.active)
        await stage.store.commit(
            ev.ProjectAdded(project="w2", alias="other", path="/srv/other"),
            ev.MessagePosted(message="m2", project="w2", text="echo 2", by="anna"),
        )
        # Somebody else's message is planned all the same.
        await stage.until(lambda: "t2" in stage.state.tasks)

    turning(tmp_path, scene)


def test_a_run_that_nobody_follows_any_more_is_followed_again(tmp_path: Path) -> None:
    """Whatever became of whoever followed it: each turn looks at what is under way first."""

    async def scene(stage: Stage, engine: Engine) -> None:
        run = await stage.started()
        stage.host.say(run, BEGAN)
        await stage.until(lambda: stage.state.runs[run].head)
        following = [task for task in asyncio.all_tasks() if "Start" in task.get_name()]
        following[0].cancel()
        await asyncio.wait(following)
        stage.host.say(run, finished())
        stage.host.living.clear()
        await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.COMPLETE)
        assert stage.host.started == [run]

    turning(tmp_path, scene)


def test_a_task_waits_for_room_and_says_why(tmp_path: Path) -> None:
    async def whole(stage: Stage) -> None:
        room = [Room(memory=50, disk=1000)]
        engine = an_engine(stage, measure=lambda: room[0])
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(engine.run())
            # The message is planned in the very turn that does not start the task.
            await stage.store.commit(
                ev.MessagePosted(message="m2", project="w1", text="echo 2", by="anna")
            )
            await stage.until(lambda: "t2" in stage.state.tasks)
            assert stage.host.started == []
            assert "(runs.memory)" in engine.waits(stage.state.tasks["t1"])
            room[0] = ENOUGH
            await stage.started()
            turns.cancel()

    play(tmp_path, whole)


def test_a_task_does_not_start_while_its_workspace_is_reserved(tmp_path: Path) -> None:
    async def whole(stage: Stage) -> None:
        workspaces = Workspaces(stage.store, unconfined=False)
        engine = an_engine(stage, workspaces=workspaces)
        async with asyncio.TaskGroup() as group:
            with workspaces.reserved("w1"):
                turns = group.create_task(engine.run())
                before = engine.turned
                while engine.turned == before:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert not stage.store.ahead.active
            await stage.started()
            turns.cancel()

    play(tmp_path, whole)
