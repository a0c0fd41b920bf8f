import asyncio
import errno
import logging
from pathlib import Path

import pytest

from pmrunnerd.engine.admission import APART, FRESH, YOUNG, Admission
from pmrunnerd.model import events as ev
from pmrunnerd.model.accounts import Account
from pmrunnerd.rules.admission import Least, Room
from pmrunnerd.services.clock import Clock
from tests.unit.engine.engines import ENOUGH, an_engine
from tests.unit.engine.puppets import Stage, play


class Watch(Clock):
    """A clock that stands still until it is moved on."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> str:
        return f"2026-01-01T00:{int(self.time) // 60:02}:{int(self.time) % 60:02}.000Z"

    def monotonic(self) -> float:
        return self.time


class Machine:
    """A machine whose memory the test sets; it counts how often it was looked at."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.looks = 0

    def measure(self) -> Room:
        self.looks += 1
        return Room(memory=self.memory, disk=1000)


def an_admission(stage: Stage, machine: Machine, clock: Clock) -> Admission:
    return Admission(stage.store, clock, machine.measure, Least(memory=100, disk=100))


def test_a_run_that_just_began_has_its_memory_promised_until_it_is_over(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        admission = an_admission(stage, Machine(250), Watch())
        assert admission.admits("t1")
        assert admission.admits("t2")
        assert not admission.admits("t3")
        admission.over("t1")
        assert admission.admits("t3")

    play(tmp_path, scene)


def test_what_an_older_run_takes_is_measured_and_not_promised(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        machine, clock = Machine(150), Watch()
        admission = an_admission(stage, machine, clock)
        assert admission.admits("t1")
        assert "promised" in admission.refusal()
        clock.time += YOUNG
        assert admission.admits("t2")

    play(tmp_path, scene)


def test_the_machine_is_looked_at_again_after_a_while_however_many_ask(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        machine, clock = Machine(50), Watch()
        admission = an_admission(stage, machine, clock)
        assert [admission.admits("t1") for _ in range(100)] == [False] * 100
        assert machine.looks == 1
        machine.memory = 200
        clock.time += FRESH
        assert admission.admits("t1")

    play(tmp_path, scene)


def test_that_no_run_begins_is_said_once_and_so_is_that_they_do_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        machine, clock = Machine(50), Watch()
        admission = an_admission(stage, machine, clock)
        for _ in range(3):
            assert not admission.admits("t1")
        machine.memory, clock.time = 500, clock.time + FRESH
        for task in ("t1", "t2"):
            assert admission.admits(task)

    caplog.set_level(logging.INFO)
    play(tmp_path, scene)
    said = [record.getMessage() for record in caplog.records if "admission" in record.name]
    assert said == [
        "no run begins: 50 bytes of memory are free, and a run begins with 100 bytes (runs.memory)",
        "runs begin again",
    ]


def test_after_a_limit_runs_of_that_agent_begin_one_after_the_other(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        clock = Watch()
        admission = an_admission(stage, Machine(5000), clock)
        stage.store.ahead.accounts.put("shell", Account(id="shell", freed=clock.now()))
        assert admission.admits("t1")
        assert not admission.admits("t1")
        clock.time += APART
        assert admission.admits("t1")
        clock.time += 600
        assert [admission.admits("t1") for _ in range(3)] == [True] * 3

    play(tmp_path, scene)


def test_a_drain_comes_before_any_room(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        admission = an_admission(stage, Machine(500), Watch())
        await stage.store.commit(ev.Drained(by="anna"))
        assert not admission.admits("t1")
        assert "as anna asked" in admission.refusal()
        await stage.store.commit(ev.DrainEnded(by="anna"))
        assert admission.admits("t1")

    play(tmp_path, scene)


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


def test_a_machine_that_cannot_be_looked_at_keeps_no_run_from_beginning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def measure() -> Room:
        raise OSError(errno.EIO, "Input/output error", "/srv/state")

    async def scene(stage: Stage) -> None:
        clock = Watch()
        admission = Admission(stage.store, clock, measure, Least(memory=100, disk=100))
        assert admission.admits("t1")
        clock.time += FRESH
        assert admission.admits("t2")

    play(tmp_path, scene)
    (said,) = [line for line in caplog.messages if "room" in line]
    assert said.startswith("cannot see how much room there is: ")


def test_while_a_release_is_on_trial_no_run_begins_and_then_they_do(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        watch, trial = Watch(), ["1.1-b"]
        room = Machine(1000).measure
        least = Least(memory=100, disk=100)
        admission = Admission(stage.store, watch, room, least, lambda: trial[0])
        assert not admission.admits("t1")
        assert admission.refusal().startswith("release 1.1-b is on trial")
        assert not admission.drains(), "what runs goes on, and is waited for by nobody"
        trial[0] = ""
        watch.time += FRESH
        assert admission.admits("t1")

    play(tmp_path, scene)
