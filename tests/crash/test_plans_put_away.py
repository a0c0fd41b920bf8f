"""A plan that has ended is in memory until it is, durably, in the history: never nowhere."""

import errno
import shutil
from functools import partial
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Finished
from pmrunnerd.rules import decide
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
from pmrunnerd.store import snapshot
from pmrunnerd.store.checkpoint import Checkpoint
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, leftovers, seen
from tests.unit.store.parts import opened
from tests.unit.store.trouble import BadSector, Troubled, failing


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


def failed_again(store: Store, task: str) -> None:
    """Have a task that failed be taken up again, and fail again."""
    commit(store, *decide.retry_task(store.ahead, task, "anna"))
    run = Mint(store.ahead.minted)("r", "4f2a")
    started = ev.RunStarted(run=run, task=task, project="w1", agent="shell", attempt=2)
    commit(store, started)
    over = Finished(at="", outcome=Outcome.FAILED, reason="again")
    state = store.ahead
    commit(store, *ended(state, state.runs[run], over, Seen(), Circumstances(patience=3)))


class LookingFails(BadSector):
    """Fails to make a name durable, and then to say what is there."""

    def __init__(self, directory: Path, name: str, error: int) -> None:
        super().__init__(name, error)
        self._directory = directory
        self._look = failing(error)

    def sync_directory(self, path: Path) -> None:
        if path == self._directory:
            failing(errno.EMFILE)()
        super().sync_directory(path)

    def names(self, directory: Path) -> list[str]:
        if directory == self._directory:
            self._look()
        return super().names(directory)


@pytest.mark.parametrize("error", [errno.EMFILE, errno.EIO])
@pytest.mark.parametrize("before", ["the first one", "a later one"])
def test_a_snapshot_of_which_nobody_could_tell_whether_it_is_there_is_not_written_under(
    tmp_path: Path, before: str, error: int
) -> None:
    lived, died = tmp_path / "lived", tmp_path / "died"
    with opened(lived) as store:
        commit(store, *beginning())
        if before == "a later one":
            store.checkpoint()
        task = failed_plan(store)
        store._past.disk = LookingFails(lived, snapshot.FILE, error)
        store.checkpoint()
        assert store.failed is None
        assert snapshot.reached(Disk(), lived) == store.durable, "it is there"
        failed_again(store, task)
        store._past.disk = Troubled("rename", saves, partial(copy, lived, died))
        store._past.disk.armed = True
        store.checkpoint()
        expected = seen(store)
        assert len(store.state.task(task).runs) == 2
    with opened(died) as store:
        assert seen(store) == expected
