"""What may have been done already is not begun again by a repair, wherever that is killed."""

import contextlib
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import decide, planning
from pmrunnerd.rules.agenda import agenda
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.store.failures import JournalDamaged
from tests.unit.rules.life import completed, started
from tests.unit.store.damage import segments
from tests.unit.store.dying import Dying, Killed
from tests.unit.store.parts import opened
from tests.unit.store.test_repair import mend


def lived(directory: Path) -> Path:
    """Make a state with a task that was begun and is complete, and one that waits."""
    steps = (Step(name="one", text="echo 1"), Step(name="two", text="echo 2"))
    with opened(directory, segment_limit=400) as store:

        def happen(*facts: ev.AnyEvent) -> None:
            store.commit(*facts)
            store.flush()

        happen(ev.ProjectAdded(project="w1", alias="cake", path="/cake"))
        happen(ev.MessagePosted(message="m1", project="w1", text="bake", by="anna"))
        project, message = store.ahead.projects["w1"], store.ahead.messages["m1"]
        proposal = Proposal(title="bake", steps=steps)
        happen(*planning.draft(project, message, proposal, Mint(store.ahead.minted)))
        happen(started("t1", "r1-aaaa"))
        happen(ev.RunBegan(run="r1-aaaa", project="w1", cursor=9, head="", confined=True))
        happen(*completed("t1", "r1-aaaa"))
        # So that nothing is wrong with the last segment.
        happen(ev.DaemonStopped(release="1", reason="x" * 300))
        happen(ev.DaemonStopped(release="1", reason="x" * 300))
    return directory


def without(directory: Path, text: bytes) -> None:
    """Take the first line out of a journal in which something stands."""
    for path in segments(directory):
        lines = path.read_bytes().splitlines(keepends=True)
        left = [line for line in lines if text not in line]
        if left != lines:
            path.write_bytes(b"".join(left))
            return


def test_a_task_whose_end_is_lost_is_not_begun_again_unless_a_person_says_so(
    tmp_path: Path,
) -> None:
    without(lived(tmp_path), b"run-started")
    shown, done = mend(tmp_path, change=False), mend(tmp_path)

    # Of the line that is gone nobody knows which task it began; the lines behind it tell of t1.
    assert [one.id for one in done.held] == ["t1", "t2"]
    assert shown.held == done.held
    assert (done.lost, done.commits) == (3, 8)
    with opened(tmp_path) as store:
        states = [store.state.tasks[name].state for name in ("t1", "t2")]
        assert states == [TaskState.CANCELLED, TaskState.CANCELLED]
        assert agenda(store.state, slots=9, clear=frozenset(), stopping=False) == []
        store.commit(*decide.retry_task(store.ahead, "t1", "anna"))
    assert not mend(tmp_path).findings


def test_a_message_whose_plan_is_lost_is_not_planned_again(tmp_path: Path) -> None:
    without(lived(tmp_path), b"plan-drafted")
    done = mend(tmp_path)

    assert [(one.id, one.alias, one.text) for one in done.held] == [("m1", "cake", "bake")]
    with opened(tmp_path) as store:
        assert agenda(store.state, slots=9, clear=frozenset(), stopping=False) == []


@pytest.mark.parametrize("gone", [b"run-started", b"plan-drafted"])
def test_killed_at_any_moment_no_journal_opens_in_which_it_would_be_begun_again(
    tmp_path: Path, gone: bytes
) -> None:
    model = lived(tmp_path / "model")
    without(model, gone)
    for moment in range(1000):
        here = tmp_path / f"killed-{moment}"
        shutil.copytree(model, here)
        disk = Dying(moment)
        killed = False
        try:
            mend(here, disk=disk)
        except Killed:
            killed = True
            disk.bury()
        with contextlib.suppress(JournalDamaged), opened(here) as store:
            assert agenda(store.state, slots=9, clear=frozenset(), stopping=False) == []
        if not killed:
            break
        mend(here)
        with opened(here) as store:
            assert agenda(store.state, slots=9, clear=frozenset(), stopping=False) == []
    assert moment > 5
