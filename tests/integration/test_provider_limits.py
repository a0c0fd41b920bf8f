"""What becomes of runs whose provider takes no more: the loop, with run hosts that a test plays."""

from pathlib import Path

from pmrunnerd.engine.loop import Engine
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.progress import Limited, Served, Used
from tests.unit.engine.engines import turning
from tests.unit.engine.puppets import BEGAN, Stage, finished

HOUR = 3600


async def limited(stage: Stage, kind: str, until: str = "") -> None:
    """Have the run of task t1 end by a limit."""
    run = await stage.started()
    said = Limited(at="", kind=kind, reason="too many requests", until=until)
    stage.host.moved.clear()
    stage.host.say(run, BEGAN, said, finished(Outcome.LIMITED, "too many requests"))
    stage.host.living.clear()
    await stage.until(lambda: stage.state.runs[run].ended)
    assert stage.state.tasks["t1"].state is TaskState.QUEUED


async def nothing_starts(stage: Stage) -> None:
    for n in range(20, 25):
        message = ev.MessagePosted(message=f"m{n}", project="w1", text="x", by="anna")
        await stage.store.commit(message)
    await stage.until(lambda: not stage.state.messages)
    assert len(stage.host.started) == 1


def test_a_limited_task_waits_for_the_reset_and_one_probe_finds_that_it_is_over(
    tmp_path: Path,
) -> None:
    async def scene(stage: Stage, engine: Engine) -> None:
        stage.clock.ahead = HOUR
        until = stage.clock.now()
        stage.clock.ahead = 0
        await limited(stage, "rate", until)
        await nothing_starts(stage)
        assert "limited by the provider until" in engine.waits(stage.state.tasks["t1"])
        stage.clock.ahead = HOUR
        probe = await stage.started()
        assert stage.state.accounts["shell"].probe == probe
        stage.host.say(probe, BEGAN)
        await stage.until(lambda: stage.state.runs[probe].head)
        # The answer to a question that an earlier run asked is told before any model is asked.
        read = stage.state.runs[probe].cursor
        stage.host.say(probe, Used(at="", tool=""), BEGAN)
        await stage.until(lambda: stage.state.runs[probe].cursor > read)
        assert stage.state.accounts["shell"].limit == "rate"
        stage.host.say(probe, Served(at=""))
        await stage.until(lambda: not stage.state.accounts["shell"].limit)
        assert stage.state.runs[probe].ended is None

    turning(tmp_path, scene)


def test_a_probe_that_meets_the_limit_again_waits_twice_as_long(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        await limited(stage, "overload")
        first = stage.state.accounts["shell"].until
        stage.clock.ahead = 61
        await limited(stage, "overload")
        assert stage.state.accounts["shell"].times == 2
        assert stage.state.accounts["shell"].until > first

    turning(tmp_path, scene)


def test_without_a_login_nothing_starts_until_there_is_one(tmp_path: Path) -> None:
    async def scene(stage: Stage, engine: Engine) -> None:
        await limited(stage, "login")
        stage.clock.ahead = 1000 * HOUR
        await nothing_starts(stage)
        assert "pmrunnerctl agent login" in engine.waits(stage.state.tasks["t1"])
        await stage.store.commit(ev.AgentLoggedIn(agent="shell", kind="token", by="anna"))
        await stage.started()

    turning(tmp_path, scene)


def test_that_a_login_ends_soon_is_recorded_once(tmp_path: Path) -> None:
    async def scene(stage: Stage, _: Engine) -> None:
        expires = "2100-01-01T00:00:00.000Z"
        await stage.store.commit(ev.AgentLoggedIn(agent="claude", kind="token", expires=expires))
        assert not stage.state.accounts["claude"].expiring
        stage.clock.ahead = 80 * 365 * 24 * HOUR
        await stage.until(lambda: stage.state.accounts["claude"].expiring)
        seq = stage.store.durable
        await stage.store.commit(ev.Drained(by="anna"))
        assert stage.store.durable == seq + 1

    turning(tmp_path, scene)
