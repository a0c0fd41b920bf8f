import asyncio
import logging
from pathlib import Path

import pytest

from pmrunnerd.engine.complaints import AGAIN, Complaints
from pmrunnerd.engine.planner import Planner
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.store import Store
from tests.unit.engine.engines import an_engine
from tests.unit.engine.puppets import Stage, play

log = logging.getLogger(__name__)


class Watch:
    """A clock that is set by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_what_goes_on_being_wrong_is_said_once_and_again_some_minutes_later(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(log, watch)
    for _ in range(int(2.5 * AGAIN)):
        complaints.of("plan", "the disk is full")
        watch.at += 1

    assert caplog.messages == ["cannot plan: the disk is full"] * 3


def test_another_reason_is_said_at_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, watch)
    for why in ("one", "one", "two", "one"):
        complaints.of("plan", why)

    assert caplog.messages == ["cannot plan: one", "cannot plan: two", "cannot plan: one"]


def test_what_was_over_and_comes_back_is_said_again(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(log, watch)
    complaints.of("plan", "one")
    complaints.over("plan")
    complaints.of("plan", "one")

    assert len(caplog.messages) == 2


def test_the_first_of_many_speaks_for_all(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, watch)
    for name in ("m1", "m2", "m3"):
        complaints.of(f"plan {name}", "the disk is full", among="plans")

    assert caplog.messages == ["cannot plan m1: the disk is full"]


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
        async with asyncio.TaskGroup() as group, asyncio.timeout(180):
            turns = group.create_task(engine.run())
            await planner.often.wait()
            turns.cancel()

    play(tmp_path, whole)
    (said,) = [line for line in caplog.messages if "go on with" in line]
    assert said.endswith("the disk is full")
