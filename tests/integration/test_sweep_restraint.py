"""What a sweep leaves alone, though it is old enough: the parts are real, but for the clock."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from pmrunnerd.rules.retention import DAY
from pmrunnerd.services import marker
from tests.unit.engine.leavings import KIB, LIMITS, Leavings, leavings, named, with_leavings
from tests.unit.services.parts import needs_sandbox

OLD = ("r1-aaaa", "r2-bbbb", "r3-cccc", "r4-dddd")


@needs_sandbox
def test_a_run_whose_leftovers_lie_in_the_tree_stays_until_they_are_kept(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        left.in_tree("r1-aaaa")
        assert named((await left.sweeper.look()).runs) == ["r2-bbbb", "r3-cccc"]
        await left.sweeper.prune("anna")
        assert left.there() == left.refs() == {"r1-aaaa", "r4-dddd"}
        marker.remove(left.workspace)
        await left.sweeper.prune("")
        assert left.there() == left.refs() == {"r4-dddd"}

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_by_a_clock_that_leapt_nothing_goes_for_its_age_but_what_a_person_lets_go(
    tmp_path: Path,
) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD, days=1)
        assert (await left.sweeper.prune("")).runs == ()
        left.clock.leap(400 * DAY)
        assert (await left.sweeper.prune("")).runs == ()
        assert named((await left.sweeper.look()).runs) == ["r1-aaaa", "r2-bbbb", "r3-cccc"]
        assert len((await left.sweeper.prune("anna")).runs) == 3

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_by_a_clock_that_leapt_what_is_too_much_goes_all_the_same(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD, days=1)
        await left.sweeper.prune("")
        left.clock.leap(400 * DAY)
        assert (left.directory / "r4-dddd/more").write_bytes(b"x" * 64 * KIB)
        assert named((await left.sweeper.prune("")).runs) == ["r1-aaaa"]

    with_leavings(tmp_path, scene, replace(LIMITS, size=300 * KIB))


@needs_sandbox
def test_a_stop_leaves_what_is_not_recorded_yet_for_another_life(tmp_path: Path) -> None:
    async def scene() -> None:
        async with leavings(tmp_path) as left:
            left.is_old(*OLD)
            left.stops_at = "r2-bbbb"
            await left.sweeper.prune("anna")
            assert named(left.facts()) == ["r1-aaaa", "r2-bbbb"]
            assert left.there() == left.refs() == set(OLD), "nor does anybody wait for a git"
        async with leavings(tmp_path) as left:
            await left.sweeper.prune("bert")
            assert left.there() == left.refs() == {"r4-dddd"}
            assert [fact.by for fact in left.facts()] == ["anna", "anna", "bert"]

    asyncio.run(scene())
