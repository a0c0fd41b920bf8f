import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.engine.sweep import HOUR, kept
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules.retention import DAY, Limits
from pmrunnerd.services.keptrefs import REFS
from tests.unit.engine.leavings import (
    KIB,
    LIMITS,
    Leavings,
    leavings,
    named,
    sweeping,
    until,
    with_leavings,
)
from tests.unit.services.parts import needs_sandbox
from tests.unit.store.parts import SmallDisk

OLD = ("r1-aaaa", "r2-bbbb", "r3-cccc", "r4-dddd")


def test_the_limits_are_those_that_an_operator_has_set() -> None:
    assert kept(Settings()) == Limits(age=30 * DAY, size=10 << 30, latest=5)
    assert HOUR == 3600


@needs_sandbox
def test_what_is_too_old_goes_and_what_can_be_gone_on_with_stays(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        found = await left.sweeper.prune("anna")
        assert named(found.runs) == ["r1-aaaa", "r2-bbbb", "r3-cccc"]
        assert left.there() == {"r4-dddd"}
        assert left.refs() == {"r4-dddd"}
        fact = left.facts()[0]
        assert (fact.run, fact.project, fact.by) == ("r1-aaaa", "w1", "anna")
        assert fact.refs == (f"{REFS}/r1-aaaa",)
        assert fact.size >= 64 * KIB
        assert fact.reason == "it changed last 31 days ago, and files are kept for 30 days"
        assert left.sweeper.last is not None
        assert (left.sweeper.last.runs, left.sweeper.last.prunable) == (1, 0)
        assert found.freed == sum(one.size for one in found.runs)
        assert found.kept == left.sweeper.last.size

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_what_is_too_much_goes_oldest_first_until_it_is_little_enough(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD, days=1)
        found = await left.sweeper.prune("")
        assert named(found.runs) == ["r1-aaaa", "r2-bbbb"]
        assert left.there() == {"r3-cccc", "r4-dddd"}

    with_leavings(tmp_path, scene, replace(LIMITS, size=170 * KIB))


def test_a_look_changes_nothing_and_says_what_a_sweep_would_do(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        before = (left.there(), left.refs(), left.store.durable)
        found = await left.sweeper.look()
        assert named(found.runs) == ["r1-aaaa", "r2-bbbb", "r3-cccc"]
        assert (left.there(), left.refs(), left.store.durable) == before
        assert left.sweeper.last is not None
        assert left.sweeper.last.prunable == 3
        assert left.sweeper.last.runs == 4

    with_leavings(tmp_path, scene)


def test_a_run_that_somebody_came_to_need_stays(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        left.living.add("r1-aaaa")
        await left.store.commit(ev.ProjectRemoved(project="w1", by="anna"))
        assert "r1-aaaa" not in named((await left.sweeper.prune("")).runs)
        assert "r1-aaaa" in left.there()

    with_leavings(tmp_path, scene)


@needs_sandbox
@pytest.mark.parametrize("emptied", [False, True])
def test_killed_between_the_fact_and_the_deletion_the_next_life_finishes(
    tmp_path: Path, *, emptied: bool
) -> None:
    async def scene() -> None:
        async with leavings(tmp_path) as left:
            fact = ev.RunPruned(run="r1-aaaa", project="w1", size=1, reason="it is old")
            await left.store.commit(fact)
            if emptied:
                (left.directory / "r1-aaaa/events.jsonl").unlink()
                (left.directory / "r1-aaaa/agent").rmdir()
        async with leavings(tmp_path) as left:
            async with sweeping(left):
                await until(lambda: left.sweeper.last is not None)
                await until(lambda: "r1-aaaa" not in left.there())
            assert left.refs() == set(OLD) - {"r1-aaaa"}
            assert left.facts() == [fact], "it is recorded once"
            assert (await left.sweeper.prune("")).runs == ()

    asyncio.run(scene())


@needs_sandbox
def test_the_fact_is_durable_before_anything_is_deleted(tmp_path: Path) -> None:
    """A disk that is full keeps all of it there; once there is room, it goes."""
    disk = SmallDisk(1 << 30)

    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        disk.room = 0
        with pytest.raises(Unavailable):
            await left.sweeper.prune("")
        assert left.there() == left.refs() == set(OLD)
        assert left.sweeper.last is not None
        assert left.sweeper.last.prunable == 3
        disk.room = 1 << 30
        assert len((await left.sweeper.prune("")).runs) == 3
        assert left.there() == {"r4-dddd"}

    with_leavings(tmp_path, scene, disk=disk)


@needs_sandbox
def test_when_a_run_has_ended_and_it_is_too_much_some_goes_at_once(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD, days=1)
        async with sweeping(left):
            await until(lambda: left.sweeper.last is not None)
            assert left.there() == set(OLD)
            await left.store.commit(ev.TaskRetried(task="t2", project="w1", by="anna"))
            await left.store.commit(
                left.started("r5-eeee", task="t2", attempt=2),
                left.ended("r5-eeee", Outcome.SUCCEEDED),
                ev.TaskCompleted(task="t2", project="w1"),
            )
            left.has_files("r5-eeee", kib=1024)
            left.over.set()
            await until(lambda: left.there() == {"r5-eeee"})
        assert "have" in left.facts()[0].reason

    with_leavings(tmp_path, scene, replace(LIMITS, size=1060 * KIB))


def test_when_a_run_has_ended_and_there_is_room_what_is_kept_is_told_and_stays(
    tmp_path: Path,
) -> None:
    async def scene(left: Leavings) -> None:
        async with sweeping(left):
            await until(lambda: left.sweeper.last is not None)
            assert left.sweeper.last is not None
            before = left.sweeper.last.size
            await left.store.commit(ev.TaskRetried(task="t2", project="w1", by="anna"))
            await left.store.commit(
                left.started("r5-eeee", task="t2", attempt=2), left.ended("r5-eeee", Outcome.FAILED)
            )
            left.has_files("r5-eeee")
            left.over.set()
            await until(lambda: left.sweeper.last and left.sweeper.last.runs == 5)
            assert left.sweeper.last.size >= before + 64 * KIB
        assert left.facts() == []

    with_leavings(tmp_path, scene)


def test_it_looks_again_after_its_time(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        async with sweeping(left):
            await until(lambda: left.sweeper.last is not None)
            first = left.sweeper.last
            left.has_files("r9-none")
            await until(lambda: left.stock.strange or left.sweeper.last is not first)

    with_leavings(tmp_path, scene, every=0.05)


def test_one_sweeps_at_a_time(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        await left.store.commit(ev.ProjectRemoved(project="w1", by="anna"))
        both = await asyncio.gather(left.sweeper.prune("anna"), left.sweeper.prune("bert"))
        assert [len(found.runs) for found in both] == [4, 0]
        assert {fact.by for fact in left.facts()} == {"anna"}

    with_leavings(tmp_path, scene)


@needs_sandbox
@pytest.mark.parametrize("limits", [LIMITS, replace(LIMITS, size=KIB, latest=4)])
def test_what_waited_for_a_run_goes_when_it_has_ended_and_what_failed_does_not(
    tmp_path: Path, limits: Limits
) -> None:
    async def scene(left: Leavings) -> None:
        async with sweeping(left):
            await until(lambda: left.sweeper.last is not None)
            (left.workspace / ".git/packed-refs.lock").touch()
            left.remains.add("r1-aaaa", "w1")
            left.over.set()
            await until(lambda: left.remains.left and not left.remains.due)
            measured = left.sweeper.last
            (left.workspace / ".git/packed-refs.lock").unlink()
            left.remains.add("r2-bbbb", "w1")
            left.over.set()
            await until(lambda: "r2-bbbb" not in left.there())
            await until(lambda: left.sweeper.last is not measured)
            for _ in range(2):  # one may be between the sweeper's two
                await left.sweeper.look()
            assert "r1-aaaa" in left.there(), "it waits for the hour, however much there is"
            assert (await left.sweeper.prune("")).left == ()
            assert left.there() == {"r3-cccc", "r4-dddd"}

    with_leavings(tmp_path, scene, limits)
