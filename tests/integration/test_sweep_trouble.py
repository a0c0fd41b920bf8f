import logging
from pathlib import Path

import pytest

from tests.unit.engine.leavings import Leavings, sweeping, until, with_leavings
from tests.unit.services.parts import needs_sandbox
from tests.unit.store.parts import SmallDisk

OLD = Leavings.RUNS


@needs_sandbox
def test_a_full_disk_does_not_end_the_sweeper(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = SmallDisk(1 << 30)

    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        disk.room = 0
        async with sweeping(left):
            await until(lambda: "cannot prune runs now" in caplog.text)
            disk.room = 1 << 30
            left.remains.add("r1-aaaa", "w1")
            left.over.set()
            await until(lambda: "r1-aaaa" not in left.there())
            await left.sweeper.prune("")
            assert left.there() == {"r4-dddd"}

    with caplog.at_level(logging.WARNING):
        with_leavings(tmp_path, scene, disk=disk)


def test_a_bug_in_one_sweep_does_not_end_the_sweeper(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        left.bug = True
        async with sweeping(left):
            await until(lambda: "this is a bug" in caplog.text)
            assert left.there() == set(OLD)
            # It lives, and answers who asks.
            assert len((await left.sweeper.look()).runs) == 3

    with_leavings(tmp_path, scene)


def test_a_runs_directory_that_cannot_be_read_is_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(left: Leavings) -> None:
        left.directory.rename(tmp_path / "away")
        async with sweeping(left):
            await until(lambda: "cannot prune runs now" in caplog.text)
            left.over.set()
            await until(lambda: "cannot measure" in caplog.text)
            (tmp_path / "away").rename(left.directory)
            assert (await left.sweeper.look()).runs == ()

    with caplog.at_level(logging.WARNING):
        with_leavings(tmp_path, scene)


def test_a_stop_does_not_wait_for_what_a_thread_is_at(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old(*OLD)
        left.living.update(OLD)
        async with sweeping(left):
            await until(lambda: left.sweeper.last is not None)
            assert left.sweeper.last is not None
            assert left.sweeper.last.runs == 4
        # From here on whoever measures or deletes is told that it is enough.
        assert (await left.sweeper.look()).runs == ()

    with_leavings(tmp_path, scene)
