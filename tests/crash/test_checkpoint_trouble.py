"""What becomes of a checkpoint that cannot be made, and of the store that wanted it."""

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, leftovers
from tests.unit.store.parts import filled, now, opened, project, running, said, texts
from tests.unit.store.trouble import Troubled, failing, out_of_memory


def commit(store: Store, *facts: object, request: str = "") -> None:
    store.commit(*facts, request=request, digest="d")  # type: ignore[arg-type]
    store.flush()


def reached(directory: Path) -> int:
    return snapshot.reached(Disk(), directory)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(180):
        while not true():  # noqa: ASYNC110 - a thread that failed tells nobody
            await asyncio.sleep(0.001)


def saves(path: Path) -> bool:
    return path.name == snapshot.FILE


def test_a_full_disk_leaves_the_snapshot_before_where_it_is(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)
    disk = Troubled("rename", saves, failing(errno.ENOSPC))
    with opened(tmp_path, disk=disk) as store:
        commit(store, said(4))
        disk.armed = True
        for _ in range(2):
            store.checkpoint()
            assert reached(tmp_path) == 4
        disk.armed = False
    assert reached(tmp_path) == 5


@pytest.mark.parametrize("gone", ["requests", "finished.jsonl"])
@pytest.mark.parametrize("how", ["removed", "cut", "removed with all of it"])
def test_a_history_that_was_taken_away_is_not_written_again_with_a_hole_in_it(
    tmp_path: Path, gone: str, how: str
) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        failed_plan(store)
        commit(store, said(50, project="w1"), request="once")
        store.checkpoint()
        path = tmp_path / "history" / gone
        if how == "removed":
            path.unlink()
        elif how != "cut":
            shutil.rmtree(path.parent)
        else:
            os.truncate(path, path.stat().st_size - 1)
        failed_plan(store)
        commit(store, said(51, project="w1"), request="twice")
        store.checkpoint()
        assert isinstance(store.wrong, HistoryDamaged)
        assert gone in str(store.wrong) or how == "removed with all of it"
        assert not (tmp_path / snapshot.FILE).exists()
        commit(store, said(52, project="w1"))
    with opened(tmp_path) as store:
        assert store.wrong is None
        for request in ("once", "twice"):
            assert store.earlier(request) is not None
        assert len(list(store.lists.plans(None, None))) == 2


def test_a_checkpoint_does_not_bless_a_journal_that_has_changed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "00000001.jsonl"
    with opened(tmp_path) as store:
        commit(store, project())
        for count in range(1, 9):
            commit(store, said(count))
        path.write_bytes(path.read_bytes().replace(b'"m7"', b'"m1"'))
        store.checkpoint()
        assert isinstance(store.wrong, JournalDamaged)
        assert "00000001.jsonl: line 8 is not what was written any more" in str(store.wrong)
        commit(store, said(9))
    assert reached(tmp_path) == 0
    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 8 "), opened(tmp_path):
        pass


def test_a_journal_that_changes_while_it_is_replayed_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=30)
    (tmp_path / snapshot.FILE).unlink()

    def flip() -> None:
        path.write_bytes(path.read_bytes().replace(b"message 3", b"message 4", 1))

    disk = Troubled("sync_directory", lambda path: path.name == "history", flip)
    disk.armed = True
    with pytest.raises(JournalDamaged, match="line 4 is not what was"):
        Store(tmp_path, now, release="1", disk=disk, checkpoint=7)
    with pytest.raises(JournalDamaged, match="line 4 does not match"), opened(tmp_path):
        pass


@pytest.mark.parametrize(
    "trouble",
    [out_of_memory, failing(errno.EMFILE), failing(errno.ENFILE), failing(errno.ENOMEM)],
)
@pytest.mark.parametrize("call", ["open", "rename"])
def test_what_passes_puts_a_snapshot_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, call: str, trouble: Callable[[], None]
) -> None:
    disk = Troubled(call, lambda path: path.parent.name == "history" or saves(path), trouble)

    async def story() -> None:
        async with running(tmp_path, checkpoint=3, disk=disk) as store:
            disk.armed = True
            await store.commit(project())
            await store.commit(said(1))
            await store.commit(said(2))
            await until(lambda: "a snapshot is put off" in caplog.text)
            disk.armed = False
            for count in range(3, 6):
                await store.commit(said(count))
            await until(lambda: reached(tmp_path) >= 6)
            assert (store.failed, store.wrong) == (None, None)

    asyncio.run(story())


def test_a_machine_that_has_no_thread_to_give_puts_a_snapshot_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "checkpoint":
            raise RuntimeError("can't start new thread")
        start(thread)

    async def story() -> None:
        async with running(tmp_path, checkpoint=1) as store:
            monkeypatch.setattr(threading.Thread, "start", refuse)
            await store.commit(project())
            await until(lambda: "put off: can't start new thread" in caplog.text)
            monkeypatch.undo()
            await store.commit(said(1))
            await until(lambda: reached(tmp_path) >= 2)
            assert (store.failed, store.wrong) == (None, None)

    asyncio.run(story())


def test_what_nobody_thought_of_ends_the_store_and_says_that_it_is_a_bug(tmp_path: Path) -> None:
    def surprise() -> None:
        raise KeyError("surprise")

    disk = Troubled("rename", saves, surprise)
    with opened(tmp_path, disk=disk) as store:
        commit(store, project())
        disk.armed = True
        store.checkpoint()
        assert "this is a bug in the store: KeyError('surprise')" in str(store.failed)
        with pytest.raises(StoreFailed):
            store.commit(said(1))
    with opened(tmp_path) as store:
        assert store.durable == 1


def test_a_disk_that_breaks_its_word_while_the_journal_is_replayed_is_told(tmp_path: Path) -> None:
    filled(tmp_path, messages=20)
    (tmp_path / snapshot.FILE).unlink()
    disk = Troubled("open", lambda path: path.parent.name == "history", failing(errno.EACCES))
    disk.armed = True
    with pytest.raises(StoreFailed, match=r"cannot make a snapshot in .*: Permission denied"):
        Store(tmp_path, now, release="1", disk=disk, checkpoint=5)
    with opened(tmp_path) as store:
        assert len(texts(store)) == 20


def test_what_is_found_to_be_wrong_while_a_snapshot_is_written_takes_that_away_too(
    tmp_path: Path,
) -> None:
    there, go = threading.Event(), threading.Event()

    def wait() -> None:
        there.set()
        go.wait()

    disk = Troubled("rename", saves, wait)

    async def story() -> None:
        async with running(tmp_path, checkpoint=5, disk=disk) as store:
            disk.armed = True
            await store.commit(project())
            for count in range(1, 5):
                await store.commit(said(count))
            await asyncio.to_thread(there.wait)
            store._past.index.damaged("cannot read places: it has become shorter")
            disk.armed = False
            go.set()

    asyncio.run(story())
    assert reached(tmp_path) == 0
    with opened(tmp_path) as store:
        assert (store.wrong, len(texts(store))) == (None, 4)


def test_a_store_lets_go_of_its_state_though_its_history_is_damaged_when_it_closes(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as store:
        commit(store, *beginning())
        failed_plan(store)
        store.checkpoint()
        commit(store, leftovers(store))
        store._past.finished._remembered.clear()
        path = tmp_path / "history" / "finished.jsonl"
        path.write_bytes(path.read_bytes().replace(b"do it", b"DO IT"))
    assert isinstance(store.wrong, HistoryDamaged)
    with opened(tmp_path) as store:
        assert store.wrong is None
