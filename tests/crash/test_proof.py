"""How far the journal had come is not forgotten, whatever happens to the snapshot that proves it.

A journal that was refused once, because it lost what was acknowledged, is refused the next time too.
"""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError
from pmrunnerd.rules import decide
from pmrunnerd.store import lock, snapshot
from pmrunnerd.store.checkpoint import Checkpoint
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, StoreFailed
from pmrunnerd.store.repair import repair
from pmrunnerd.store.store import Store
from pmrunnerd.store.verify import verify
from tests.unit.store.lives import beginning, failed_plan
from tests.unit.store.parts import AT, RELEASE, filled, now, opened, project, said
from tests.unit.store.trouble import Noting, Troubled, failing


class Killed(BaseException):
    """The daemon is gone; what it has asked for is done."""


def killed() -> None:
    raise Killed


def saves(path: Path) -> bool:
    return path.name == snapshot.FILE


def commit(store: Store, *facts: object) -> None:
    store.commit(*facts)  # type: ignore[arg-type]
    store.flush()


def shortened(directory: Path, lines: int) -> Path:
    """Cut the journal of a state at a line end, as if it had never come further."""
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))
    return directory


def flipped(path: Path, where: slice) -> None:
    raw = bytearray(path.read_bytes())
    raw[where] = bytes(len(raw[where]))
    path.write_bytes(raw)


def is_refused_twice(directory: Path, last: int) -> None:
    for _ in range(2):
        with pytest.raises(JournalDamaged, match=f", and {last} was durable"):
            Store(directory, now, release=RELEASE)


def remembered(directory: Path) -> int:
    return lock.seen(Disk(), directory / "lock")


@pytest.mark.parametrize("file", ["plans", "finished.jsonl"])
def test_a_start_that_stumbles_over_the_history_forgets_nothing(tmp_path: Path, file: str) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    with opened(tmp_path / "lived") as store:
        commit(store, *beginning())
        task = failed_plan(store)
        store.checkpoint()
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        for count in range(2, 6):
            commit(store, said(count, project="w1"))
        last = store.durable
        shutil.copytree(tmp_path / "lived", once)
    with opened(once):
        shutil.copytree(once, twice)
    assert remembered(twice) == last
    flipped(twice / "history" / file, slice(8, 16))
    is_refused_twice(shortened(twice, last - 3), last)


def test_a_history_that_is_wrong_before_there_is_a_state_takes_no_proof_away(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        task = failed_plan(store)
        store.checkpoint()
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        store.checkpoint()  # a plan that lives, and that `plans` knows a place of
        last = store.durable
    flipped(tmp_path / "history" / "plans", slice(8, 9))
    disk = Troubled("sync_directory", lambda path: path == tmp_path, killed)
    disk.armed = True
    with pytest.raises(Killed):
        Store(tmp_path, now, release=RELEASE, disk=disk)
    assert not (tmp_path / snapshot.FILE).exists()
    is_refused_twice(shortened(tmp_path, last - 1), last)


def test_a_commit_that_came_after_the_opening_is_remembered_when_the_history_is_wrong(
    tmp_path: Path,
) -> None:
    lived, died = tmp_path / "lived", tmp_path / "died"
    with opened(lived) as store:
        commit(store, project())
        for count in range(1, 4):
            commit(store, said(count))
        store.checkpoint()
        assert remembered(lived) == 0
        store._past.index.damaged("cannot read places: a bit has flipped")
        assert not (lived / snapshot.FILE).exists()
        shutil.copytree(lived, died)
    with pytest.raises(JournalDamaged, match="ends at commit 2, and 4 was durable"):
        Store(shortened(died, 2), now, release=RELEASE)


def test_a_snapshot_that_may_be_stale_is_taken_away_after_its_commit_is_remembered(
    tmp_path: Path,
) -> None:
    lived, died = tmp_path / "lived", tmp_path / "died"
    disk = Troubled("sync_directory", lambda path: path == lived, failing(errno.ENOSPC))
    with opened(lived, disk=disk) as store:
        commit(store, project())
        commit(store, said(1))
        disk.armed = True
        store.checkpoint()
        disk.armed = False
        assert snapshot.reached(Disk(), lived) == 2
        store._past.disk = Troubled("rename", saves, killed)
        store._past.disk.armed = True
        with pytest.raises(Killed):
            Checkpoint(store._past).write()
        shutil.copytree(lived, died)
        store._past.disk = Disk()
    assert not (died / snapshot.FILE).exists()
    is_refused_twice(shortened(died, 1), 2)


def opens(disk: Disk, directory: Path) -> None:
    with opened(directory, disk=disk) as store:
        store._past.index.damaged("cannot read places: a bit has flipped")


def repairs(disk: Disk, directory: Path) -> object:
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"message 1", b"message 9"))
    return repair(disk, directory, at=AT, release=RELEASE, change=True)


def verifies(disk: Disk, directory: Path) -> object:
    flipped(directory / "history" / "places", slice(0, 8))
    return verify(disk, directory, at=AT, release=RELEASE)


@pytest.mark.parametrize("how", [opens, repairs, verifies])
@pytest.mark.parametrize("knows", ["the lock knows it", "only the snapshot knows it"])
def test_the_lock_is_durable_before_a_snapshot_goes(
    tmp_path: Path, how: Callable[[Disk, Path], object], knows: str
) -> None:
    filled(tmp_path, messages=3)
    if knows == "only the snapshot knows it":
        (tmp_path / "lock").unlink()
    disk = Noting()
    how(disk, tmp_path)
    gone = [f"remove {snapshot.FILE}", f"rename {snapshot.FILE}"]
    first = min(disk.changed.index(change) for change in gone if change in disk.changed)
    assert "sync lock" in disk.changed[:first]
    assert remembered(tmp_path) == 4


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_proof_that_cannot_be_read_now_is_not_one_that_is_not_there(
    tmp_path: Path, error: int
) -> None:
    filled(tmp_path, messages=3)
    (tmp_path / "lock").unlink()
    shortened(tmp_path, 2)
    disk = Troubled("open", saves, failing(error))
    disk.armed = True
    with pytest.raises(StoreFailed):
        Store(tmp_path, now, release=RELEASE, disk=disk)
    with pytest.raises((OSError, PmError)):
        verify(disk, tmp_path, at=AT, release=RELEASE)
    is_refused_twice(tmp_path, 4)
