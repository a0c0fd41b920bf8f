"""A plan that has ended is in memory until it is, durably, in the history: never nowhere."""

import errno
import shutil
from functools import partial
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError
from pmrunnerd.rules import decide
from pmrunnerd.store import snapshot
from pmrunnerd.store.checkpoint import Checkpoint
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, leftovers, seen
from tests.unit.store.parts import opened
from tests.unit.store.trouble import Troubled, failing


def commit(store: Store, *facts: object) -> None:
    store.commit(*facts)  # type: ignore[arg-type]
    store.flush()


def saves(path: Path) -> bool:
    return path.name == snapshot.FILE


def copy(lived: Path, died: Path) -> None:
    shutil.copytree(lived, died)


def test_a_plan_of_a_checkpoint_that_failed_is_nowhere_but_in_memory(tmp_path: Path) -> None:
    disk = Troubled("rename", saves, failing(errno.ENOSPC))
    with opened(tmp_path, disk=disk) as store:
        commit(store, *beginning())
        failed_plan(store)
        store.checkpoint()
        for _ in range(2):
            task = failed_plan(store)
        disk.armed = True
        store.checkpoint()
        disk.armed = False
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        commit(store, leftovers(store, "x" * 99))
        store.checkpoint()
        with pytest.raises(PmError, match="cannot find run r3"):
            store.state.run("r3")
        assert store.wrong is None


def test_a_plan_of_a_checkpoint_that_was_killed_is_nowhere_but_in_memory(tmp_path: Path) -> None:
    lived, died = tmp_path / "lived", tmp_path / "died"
    disk = Troubled("rename", saves, partial(copy, lived, died))
    with opened(lived, disk=disk) as store:
        commit(store, *beginning())
        task = failed_plan(store)
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        failed_plan(store)
        store.checkpoint()
        store.commit(*decide.cancel_task(store.ahead, task, "anna"))
        failed_plan(store)
        store.flush()
        disk.armed = True
        store.checkpoint()
        disk.armed = False
    with opened(died) as store:
        pointers = [store._past.index.get("plans", count) for count in range(6)]
        assert max(pointers) <= store._past.finished.size


def test_a_plan_that_was_added_to_meanwhile_leaves_both_states_the_next_time(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        failed_plan(store)
        checkpoint = Checkpoint(store._past)
        checkpoint.write()
        store.commit(leftovers(store))
        checkpoint.settle(store.state, store.ahead)
        store.flush()
        store.checkpoint()
        for state in (store.state, store.ahead):
            assert [len(state.table(name)) for name in state.FINISHED] == [0, 0, 0, 0]


def test_a_snapshot_whose_name_could_not_be_made_durable_is_gone_before_the_next_one_is_begun(
    tmp_path: Path,
) -> None:
    lived, died = tmp_path / "lived", tmp_path / "died"
    disk = Troubled("sync_directory", lambda path: path == lived, failing(errno.ENOSPC))
    with opened(lived, disk=disk) as store:
        commit(store, *beginning())
        failed_plan(store)
        store.checkpoint()
        again = failed_plan(store)
        failed_plan(store)
        disk.armed = True
        store.checkpoint()
        disk.armed = False
        assert snapshot.reached(Disk(), lived) > store._past.checkpoint.seq
        commit(store, *decide.retry_task(store.ahead, again, "anna"))
        store._past.disk = Troubled("rename", saves, partial(copy, lived, died))
        store._past.disk.armed = True
        store.checkpoint()
        assert not (died / snapshot.FILE).exists()
        expected = seen(store)
    with opened(died) as store:
        assert seen(store) == expected
