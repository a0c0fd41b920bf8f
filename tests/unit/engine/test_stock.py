import asyncio
import threading
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from tests.unit.engine.leavings import KIB, Leavings, until, with_leavings


def never() -> bool:
    return False


def test_what_is_there_is_told_with_its_project_size_and_age(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old("r1-aaaa", days=2)
        found = {one.run: one for one in await left.stock.measure(never)}
        assert found.keys() == set(left.RUNS)
        assert found["r1-aaaa"].project == "w1"
        assert 64 * KIB <= found["r1-aaaa"].size < 100 * KIB
        assert 0 <= found["r1-aaaa"].age - 2 * 86400 < 60
        assert found["r2-bbbb"].age < 60

    with_leavings(tmp_path, scene)


def test_files_from_the_future_are_new_and_no_younger(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.is_old("r1-aaaa", days=-400)
        (one,) = (one for one in await left.stock.measure(never) if one.run == "r1-aaaa")
        assert one.age == 0

    with_leavings(tmp_path, scene)


def test_what_no_run_is_named_after_is_told_and_never_among_the_files(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        (left.directory / "r77-ffff").mkdir()
        (left.directory / "notes").touch()
        (left.directory / "r1-link").symlink_to(left.workspace)
        names = {one.run for one in await left.stock.measure(never)}
        assert names == set(left.RUNS)
        told = [text.partition(": ") for text in left.stock.strange]
        assert {(Path(path).name, why) for path, _, why in told} == {
            (name, "it is no run's directory") for name in ("notes", "r1-link", "r77-ffff")
        }

    with_leavings(tmp_path, scene)


def test_what_was_let_go_and_is_still_there_is_a_remainder_and_counts_no_more(
    tmp_path: Path,
) -> None:
    async def scene(left: Leavings) -> None:
        await left.store.commit(ev.RunPruned(run="r1-aaaa", project="w1", size=1, reason="old"))
        names = {one.run for one in await left.stock.measure(never)}
        assert names == set(left.RUNS) - {"r1-aaaa"}
        assert left.remains.left == {"r1-aaaa": "w1"}

    with_leavings(tmp_path, scene)


def test_only_what_may_have_changed_is_measured_again_unless_all_is_wanted(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        await left.stock.measure(never)
        for run in left.RUNS:
            (left.directory / run / "more").write_bytes(b"x" * 64 * KIB)
        before = sum(one.size for one in await left.stock.measure(never, anew=False))
        after = sum(one.size for one in await left.stock.measure(never))
        assert after - before >= 4 * 64 * KIB

    with_leavings(tmp_path, scene)


def test_a_run_that_is_under_way_is_measured_each_time(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        await left.store.commit(ev.TaskRetried(task="t2", project="w1", by="anna"))
        await left.store.commit(left.started("r5-eeee", task="t2", attempt=2))
        left.has_files("r5-eeee")
        first = {one.run: one.size for one in await left.stock.measure(never)}
        (left.directory / "r5-eeee/more").write_bytes(b"x" * 64 * KIB)
        second = {one.run: one.size for one in await left.stock.measure(never, anew=False)}
        assert second["r5-eeee"] >= first["r5-eeee"] + 64 * KIB

    with_leavings(tmp_path, scene)


@pytest.mark.parametrize("over", [False, True])
def test_a_run_that_begins_or_ends_during_a_look_is_measured_again(
    tmp_path: Path, *, over: bool
) -> None:
    async def scene(left: Leavings) -> None:
        began = left.started("r5-eeee", task="t2", attempt=2)
        ended = left.ended("r5-eeee", Outcome.FAILED)
        failed = ev.TaskFailed(task="t2", project="w1", reason="no")
        await left.store.commit(ev.TaskRetried(task="t2", project="w1", by="anna"))
        if over:
            await left.store.commit(began)
        left.has_files("r5-eeee")
        looks, go = threading.Event(), threading.Event()

        def wait() -> bool:
            looks.set()
            go.wait(20)
            return False

        first = asyncio.ensure_future(left.stock.measure(wait))
        await until(looks.is_set)
        await (left.store.commit(ended, failed) if over else left.store.commit(began))
        go.set()
        before = {one.run: one.size for one in await first}
        (left.directory / "r5-eeee/more").write_bytes(b"x" * 64 * KIB)
        after = {one.run: one.size for one in await left.stock.measure(never, anew=False)}
        assert after["r5-eeee"] >= before["r5-eeee"] + 64 * KIB

    with_leavings(tmp_path, scene)


def test_what_a_workspace_has_as_a_run_left_it_is_told(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.in_tree("r1-aaaa")
        assert [one.run for one in await left.stock.measure(never) if one.in_tree] == ["r1-aaaa"]
        left.workspace.rename(tmp_path / "elsewhere")
        assert not any(one.in_tree for one in await left.stock.measure(never))

    with_leavings(tmp_path, scene)
