import asyncio
from pathlib import Path

from msgspec.structs import replace

from pmrunnerd.engine.loop import Engine
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from tests.unit.engine.engines import an_engine, turning
from tests.unit.engine.puppets import BEGAN, Stage, finished, play


def test_a_queued_task_is_started_once_however_often_the_loop_turns(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        run = await stage.started()
        for number in range(5):
            await stage.store.commit(
                ev.MessagePosted(message=f"m{number + 2}", project="w1", text="x", by="anna")
            )
        stage.host.say(run, BEGAN, finished())
        stage.host.living.clear()
        await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.COMPLETE)
        assert stage.host.started[0] == run
        assert len(stage.state.tasks["t1"].runs) == 1

    turning(tmp_path, scene)


def test_a_message_is_planned_and_its_task_started_after_the_one_before(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        await stage.store.commit(
            ev.MessagePosted(message="m2", project="w1", text="echo 2", by="anna")
        )
        await stage.until(lambda: "t2" in stage.state.tasks)
        first = await stage.started()
        stage.host.say(first, BEGAN, finished())
        stage.host.living.clear()
        await stage.until(lambda: stage.state.tasks["t2"].state is TaskState.RUNNING)
        assert stage.state.tasks["t1"].state is TaskState.COMPLETE

    turning(tmp_path, scene)


def test_a_cancelled_task_has_its_run_stopped(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        run = await stage.started()
        stage.host.say(run, BEGAN)
        await stage.store.commit(ev.TaskCancelRequested(task="t1", project="w1", by="anna"))
        await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.CANCELLED)
        assert stage.host.stopped == [run]

    turning(tmp_path, scene)


def test_parking_queues_what_ran_and_starts_nothing_more(tmp_path: Path) -> None:
    async def scene(stage: Stage, engine: Engine) -> None:
        run = await stage.started()
        stage.host.say(run, BEGAN)
        assert await engine.park(10)
        task = stage.state.tasks["t1"]
        assert (task.state, task.interruptions) == (TaskState.QUEUED, 0)
        assert stage.host.started == [run]

    turning(tmp_path, scene)


def test_a_frozen_loop_leaves_what_runs_and_starts_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage, engine: Engine) -> None:
        run = await stage.started()
        engine.freeze()
        stage.host.say(run, BEGAN, finished())
        stage.host.living.clear()
        await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.COMPLETE)
        await stage.store.commit(
            ev.MessagePosted(message="m2", project="w1", text="echo 2", by="anna")
        )
        await stage.until(lambda: "t2" in stage.state.tasks)
        await asyncio.sleep(0)
        assert stage.state.tasks["t2"].state is TaskState.QUEUED

    turning(tmp_path, scene)


def test_a_run_that_an_earlier_daemon_started_is_followed_from_the_first_turn(
    tmp_path: Path,
) -> None:
    async def whole(stage: Stage) -> None:
        (tmp_path / "runs" / "r1-aaaa").mkdir()
        stage.host.say("r1-aaaa", BEGAN)
        stage.host.living.add("r1-aaaa")
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1)
        )
        engine = an_engine(stage)
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(engine.run())
            await stage.until(lambda: stage.state.runs["r1-aaaa"].head)
            stage.host.say("r1-aaaa", finished())
            stage.host.living.clear()
            await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.COMPLETE)
            turns.cancel()
        assert stage.host.started == []

    play(tmp_path, whole)


def test_a_cancel_that_the_disk_refuses_stops_nothing(tmp_path: Path) -> None:
    """The agenda looks ahead, but what a cancel does waits until it is durable."""

    async def scene(stage: Stage, _: Engine) -> None:
        run = await stage.started()
        stage.host.say(run, BEGAN)
        await stage.until(lambda: stage.state.runs[run].head)
        ahead = stage.store.ahead.tasks
        ahead.put("t1", replace(ahead["t1"], cancelling="anna"))
        for number in range(3):
            await stage.store.commit(
                ev.MessagePosted(message=f"m{number + 2}", project="w1", text="x", by="anna")
            )
        assert stage.host.stopped == []
        stage.host.say(run, finished())
        stage.host.living.clear()
        await stage.until(lambda: stage.state.tasks["t1"].state is TaskState.COMPLETE)

    turning(tmp_path, scene)


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


def test_what_was_decided_since_the_turn_keeps_a_run_from_starting(tmp_path: Path) -> None:
    """A turn decides, and its actions begin a moment later: a drain may come between."""

    async def whole(stage: Stage) -> None:
        engine = an_engine(stage)
        drained = stage.store.commit(ev.Drained(by="anna"))
        async with asyncio.timeout(180):
            await engine._start("t1")
        await drained
        assert not stage.store.ahead.active
        await stage.store.commit(ev.DrainEnded(by="anna"))
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(engine._start("t1"))
            await stage.started()
            starting.cancel()

    play(tmp_path, whole)


def test_a_run_that_began_since_the_turn_keeps_another_out_of_its_workspace(
    tmp_path: Path,
) -> None:
    async def whole(stage: Stage) -> None:
        await stage.store.commit(
            ev.MessagePosted(message="m2", project="w1", text="true", by="anna"),
            ev.PlanDrafted(
                plan="p2",
                project="w1",
                message="m2",
                title="x",
                tasks=(ev.PlannedTask(task="t2", name="two", title="two", text="true"),),
            ),
            ev.PlanApproved(plan="p2", project="w1"),
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1),
        )
        async with asyncio.timeout(180):
            await an_engine(stage)._start("t2")
        assert list(stage.store.ahead.active) == ["r1-aaaa"]

    play(tmp_path, whole)


def test_once_a_drain_is_answered_no_run_begins_wherever_a_start_was(tmp_path: Path) -> None:
    """Tried at each step of the way from a queued task to its host, with the loop at work."""
    begun = [_drained_after(tmp_path / f"{steps}", steps) for steps in range(40)]

    # Both are met: a drain before the start, and one that the start was before.
    assert not begun[0]
    assert begun[-1]


def _drained_after(directory: Path, steps: int) -> bool:
    """Drain after so many steps of the loop; tell whether a run had begun by the answer."""
    directory.mkdir()
    begun: list[str] = []

    async def scene(stage: Stage, _: Engine) -> None:
        for _step in range(steps):
            await asyncio.sleep(0)
        await stage.store.commit(ev.Drained(by="anna"))
        begun.extend(stage.state.active)
        for number in range(3):  # turns in which there would be something to begin
            await stage.store.commit(
                ev.MessagePosted(message=f"m{number + 2}", project="w1", text="x", by="anna")
            )
        if begun:
            await stage.started()
        assert list(stage.store.ahead.active) == begun
        assert stage.host.started == begun
        facts = [type(fact) for batch in stage.store.read(0, 100) for fact in batch.facts]
        assert ev.RunStarted not in facts[facts.index(ev.Drained) :]

    turning(directory, scene)
    return bool(begun)


def test_a_task_whose_budget_a_run_has_waits_for_that(tmp_path: Path) -> None:
    has = ["run r9 has it"]

    async def scene(stage: Stage) -> None:
        engine = an_engine(stage, taken=lambda *_: has[0])
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(engine.run())
            await stage.store.commit(ev.Drained(by="anna"), ev.DrainEnded(by="anna"))
            assert (engine.waits(stage.state.tasks["t1"]), stage.host.started) == (has[0], [])
            has[0] = ""
            await stage.started()
            turns.cancel()

    play(tmp_path, scene)
