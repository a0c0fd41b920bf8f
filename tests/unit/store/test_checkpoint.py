import errno
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import decide, drafting, planning
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, next_facts, seen
from tests.unit.store.parts import SmallDisk, filled, opened, said, texts
from tests.unit.store.trouble import Noting


def commit(store: Store, *facts: object) -> None:
    store.commit(*facts)  # type: ignore[arg-type]
    store.flush()


MOMENTS = st.lists(st.tuples(st.integers(0, 1000), st.sampled_from("....cro")), max_size=40)


@settings(max_examples=150, deadline=None)
@given(MOMENTS)
def test_nothing_that_can_be_seen_tells_what_was_put_away_and_what_is_alive(
    tmp_path_factory: pytest.TempPathFactory, moments: list[tuple[int, str]]
) -> None:
    """c: a checkpoint; r: a daemon that was killed and the next one; o: one that left in order."""
    plain = Store(tmp_path_factory.mktemp("plain"), lambda: "2026-01-01", release="1")
    directory = tmp_path_factory.mktemp("state")
    kept = Store(directory, lambda: "2026-01-01", release="1", segment_limit=3000)
    for store in (plain, kept):
        commit(store, *beginning())
    for choice, moment in moments:
        facts = next_facts(plain, choice)
        for store in (plain, kept):
            commit(store, *facts)
        if moment == "c":
            kept.checkpoint()
        elif moment in "ro":
            if moment == "r":
                kept._closed = True  # so that nothing is written any more
            kept.close()
            kept = Store(directory, lambda: "2026-01-01", release="1", segment_limit=3000)
        assert seen(kept) == seen(plain)
    assert not kept.ahead._log
    plain.close()
    kept.close()


def test_a_finished_plan_leaves_memory_and_is_found_by_every_name(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        commit(store, said(1, project="w1"))
        for choice in (2, 2, 2):  # a plan of one step; its run begins, and succeeds
            commit(store, *next_facts(store, choice))
        assert store.state.plans["p1"].state is PlanState.COMPLETE
        before = seen(store)
        store.checkpoint()

        assert [len(store.state.table(name)) for name in store.state.FINISHED] == [0, 0, 0, 0]
        assert [len(store.ahead.table(name)) for name in store.ahead.FINISHED] == [0, 0, 0, 0]
        assert seen(store) == before
        assert [run.id for run in store.lists.runs(None, None)] == ["r1-4f2a"]


def _signed(raw: bytes) -> bytes:
    return line_of(raw[len(b'["00000000",') : -2])


def test_a_full_disk_puts_a_snapshot_off_and_nothing_else(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)
    disk = SmallDisk(1 << 20)
    with opened(tmp_path, disk=disk) as store:
        commit(store, said(4))
        disk.room = 100
        store.checkpoint()
        assert texts(store)[-1] == "hello"
        disk.room = 1 << 20
        store.checkpoint()
    with opened(tmp_path) as store:
        assert len(texts(store)) == 4


def test_other_errors_of_the_disk_end_the_store(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)
    disk = SmallDisk(1 << 20, errno.EIO)
    with opened(tmp_path, disk=disk) as store:
        commit(store, said(4))
        disk.room = 100
        store.checkpoint()
        assert "Input/output error" in str(store.failed)
        with pytest.raises(StoreFailed):
            store.commit(said(5))


def test_a_long_journal_without_a_snapshot_is_read_in_pieces_that_leave_memory(
    tmp_path: Path,
) -> None:
    filled(tmp_path, messages=30)
    (tmp_path / snapshot.FILE).unlink()
    with opened(tmp_path, checkpoint=7) as store:
        assert store._past.checkpoint.seq == 28
        assert [b.seq for b in store.read(0, 100)] == list(range(1, 32))
        assert len(texts(store)) == 30


def test_what_is_not_believed_is_gone_before_anything_is_written_over_what_it_points_to(
    tmp_path: Path,
) -> None:
    filled(tmp_path / "state", messages=3)
    path = tmp_path / "state" / snapshot.FILE
    path.write_bytes(_signed(path.read_bytes().replace(b'"fold":"', b'"fold":"x')))
    disk = Noting()
    with opened(tmp_path / "state", disk=disk):
        disk.changed.clear()
    changed = [change for change in disk.changed if not change.endswith(" lock")]
    assert changed[:2] == [f"remove {snapshot.FILE}", "sync state"]
    assert "write places" in changed[2:]


def test_what_a_killed_daemon_left_is_durable_before_a_snapshot_is_made_of_it(
    tmp_path: Path,
) -> None:
    filled(tmp_path, messages=30)
    (tmp_path / snapshot.FILE).unlink()
    disk = Noting()
    with opened(tmp_path, checkpoint=7, disk=disk):
        begin = disk.changed.index("sync 00000001.jsonl")
        assert disk.changed[begin + 1] == "sync journal"
        assert f"rename {snapshot.FILE}" in disk.changed[begin:]
        assert f"rename {snapshot.FILE}" not in disk.changed[:begin]


def test_what_a_snapshot_points_to_is_durable_by_name_and_content_before_it_has_its_own(
    tmp_path: Path,
) -> None:
    disk = Noting()
    with opened(tmp_path, disk=disk) as store:
        commit(store, *beginning())
        failed_plan(store)
        store.commit(request="q1", digest="d")
        store.flush()
        disk.changed.clear()
        store.checkpoint()
    before = disk.changed[: disk.changed.index(f"rename {snapshot.FILE}")]
    files = {path.name for path in (tmp_path / "history").iterdir()}
    assert {change[len("sync ") :] for change in before if change.startswith("sync ")} >= files
    last = max(index for index, change in enumerate(before) if change.startswith("write "))
    written = [f"write {name}" for name in files]
    names = before.index("sync history")
    assert max(before.index(change) for change in written) < names < last
    assert before[last] == f"write .{snapshot.FILE}.new"


def test_what_was_edited_out_of_a_plan_is_put_away_with_it_and_a_draft_comes_back_whole(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        for message in ("m1", "m2"):
            commit(store, ev.MessagePosted(message=message, project="w2", text="x", by="anna"))
        state = store.ahead
        steps = (Step(name="a", text="do a"),)
        proposal = Proposal(title="x", steps=steps)
        project, said_first = state.projects["w2"], state.messages["m1"]
        commit(store, *planning.draft(project, said_first, proposal, Mint(state.minted)))
        commit(store, *edit_plan(state, Edit(plan="p1", edits=0, wanted=proposal), "anna"))
        commit(store, *decide.reject_plan(state, "p1", "no", "anna"))
        commit(store, drafting.begin(state.messages["m2"], "oracle", Mint(state.minted)))
        commit(store, *decide.cancel_task(state, "t3", "anna"))
        store.checkpoint()
        assert not any(state.tasks.is_alive(name) for name in ("t1", "t2", "t3"))
        assert [task.id for task in store.lists.tasks("w2", None)] == ["t3", "t2", "t1"]
        assert state.tasks["t1"].reason == "plan p1 was edited"
        commit(store, *decide.retry_task(state, "t3", "anna"))
        assert state.tasks.is_alive("t3")
        assert state.plans["p2"].state is PlanState.DRAFT
