import logging
import os
from pathlib import Path

import pytest

from pmrunnerd.engine.remains import Remains
from pmrunnerd.model import events as ev
from pmrunnerd.model.errand import A, Errand, word
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.errands.here import Here
from tests.unit.engine.leavings import Leavings, with_leavings
from tests.unit.services.parts import needs_sandbox


def never() -> bool:
    return False


@needs_sandbox
def test_files_references_and_directory_of_a_run_go_and_no_others(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.remains.add("r1-aaaa", "w1")
        await left.remains.clear_away(never)
        assert left.there() == set(left.RUNS) - {"r1-aaaa"}
        assert left.refs() == set(left.RUNS) - {"r1-aaaa"}
        assert left.remains.left == {}
        assert left.remains.told() == []

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_done_twice_is_once(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        for _ in range(2):
            left.remains.add("r1-aaaa", "w1")
            await left.remains.clear_away(never)
        assert left.remains.left == {}

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_while_a_run_has_the_workspace_the_files_go_and_the_references_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(left: Leavings) -> None:
        await left.store.commit(ev.TaskRetried(task="t2", project="w1", by="anna"))
        await left.store.commit(left.started("r5-eeee", task="t2", attempt=2))
        left.remains.add("r1-aaaa", "w1")
        for _ in range(2):
            await left.remains.clear_away(never)
        assert list((left.directory / "r1-aaaa").iterdir()) == []
        assert "r1-aaaa" in left.refs()
        assert left.remains.told() == [f"run r1-aaaa: a run has {left.workspace}"]
        assert left.remains.due, "it goes when that run has ended"
        assert len([r for r in caplog.records if "goes later" in r.message]) == 1

        await left.store.commit(
            ev.RunEnded(run="r5-eeee", project="w1", outcome="failed", cursor=1),  # type: ignore[arg-type]
            ev.TaskFailed(task="t2", project="w1", reason="no"),
        )
        await left.remains.clear_away(never)
        assert "r1-aaaa" not in left.refs() | left.there()

    with caplog.at_level(logging.WARNING):
        with_leavings(tmp_path, scene)


def test_where_the_workspace_is_not_there_its_references_wait(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.workspace.rename(tmp_path / "elsewhere")
        left.remains.add("r1-aaaa", "w1")
        await left.remains.clear_away(never)
        assert list((left.directory / "r1-aaaa").iterdir()) == []
        assert left.remains.told()[0].endswith("it is not there")
        (tmp_path / "elsewhere").rename(left.workspace)

    with_leavings(tmp_path, scene)


def test_of_a_project_that_was_removed_only_our_own_files_go(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        await left.store.commit(ev.ProjectRemoved(project="w1", by="anna"))
        left.remains.add("r1-aaaa", "w1")
        await left.remains.clear_away(never)
        assert "r1-aaaa" not in left.there()
        assert left.refs() == set(left.RUNS), "its directory stays as it is"

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_a_directory_that_became_a_link_stays_and_so_does_what_it_leads_to(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        victim = left.directory / "r1-aaaa"
        victim.rename(tmp_path / "victim")
        victim.symlink_to(tmp_path / "victim")
        left.remains.add("r1-aaaa", "w1")
        left.remains.add("r2-bbbb", "w1")
        await left.remains.clear_away(never)
        assert (tmp_path / "victim/events.jsonl").exists()
        assert "cannot delete" in left.remains.told()[0]
        assert left.there() == {"r1-aaaa", "r3-cccc", "r4-dddd"}, "the others are not kept by it"

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_a_stop_in_the_middle_leaves_the_directory_by_which_it_is_found(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.remains.add("r1-aaaa", "w1")
        await left.remains.clear_away(lambda: True)
        assert os.listdir(left.directory / "r1-aaaa")  # noqa: PTH208 - names alone
        assert "r1-aaaa" in left.refs()
        await left.remains.clear_away(never)
        assert "r1-aaaa" not in left.there() | left.refs()

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_what_keeps_one_run_keeps_no_other_of_its_project(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.in_tree("r1-aaaa")
        for run in ("r1-aaaa", "r2-bbbb"):
            left.remains.add(run, "w1")
        await left.remains.clear_away(never)
        assert left.remains.left == {"r1-aaaa": "w1"}
        assert "what it left lies in" in left.remains.told()[0]
        assert left.refs() == left.there() == {"r1-aaaa", "r3-cccc", "r4-dddd"}

    with_leavings(tmp_path, scene)


@needs_sandbox
def test_what_failed_is_tried_again_only_when_that_is_wanted(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        lock = left.workspace / ".git/packed-refs.lock"
        lock.touch()
        left.remains.add("r1-aaaa", "w1")
        assert left.remains.due, "nobody has tried yet"
        await left.remains.clear_away(never)
        assert "packed-refs.lock" in left.remains.told()[0]
        assert not left.remains.due
        lock.unlink()
        left.remains.add("r2-bbbb", "w1")
        assert left.remains.due, "another did not fail"
        await left.remains.clear_away(never, again=False)
        assert left.remains.left == {"r1-aaaa": "w1"}
        await left.remains.clear_away(never)
        assert left.remains.left == {}
        assert not left.remains.due

    with_leavings(tmp_path, scene)


class Refusing(Here):
    """Errands that somebody else would do, and does not."""

    sealed = True

    async def do(self, errand: Errand[A], **_: object) -> A:
        raise Unavailable(f"cannot do errand {word(errand)}: no space left")


def test_where_nobody_does_an_errand_what_is_ours_goes_all_the_same(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        remains = Remains(
            *(left.directory, lambda: left.store.state, left.workspaces, Refusing()),
            hidden=(),
            unconfined=False,
        )
        remains.add("r1-aaaa", "w1")
        await remains.clear_away(never)

        assert list((left.directory / "r1-aaaa").iterdir()) == []
        (why,) = remains.told()
        assert "cannot do errand letgo: no space left" in why

    with_leavings(tmp_path, scene)
