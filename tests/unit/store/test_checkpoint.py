import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.model.entities import PlanState
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, next_facts, seen
from tests.unit.store.parts import SmallDisk, filled, opened, project, said, texts


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


class CountingReader(Disk):
    """Counts the bytes that are read of the journal."""

    def __init__(self) -> None:
        self.read = 0
        self._files: set[int] = set()

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        (self._files.add if path.suffix == ".jsonl" else self._files.discard)(file)
        return file

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        found = super().read_at(file, size, offset)
        self.read += len(found) if file in self._files else 0
        return found


def test_a_start_replays_only_what_came_after_the_snapshot(tmp_path: Path) -> None:
    filled(tmp_path, messages=50)
    with opened(tmp_path) as store:
        commit(store, said(51))
        replayed: list[int] = []
        journal = store._past.journal
        found = journal.replay(
            store._past.checkpoint.segments,
            store._past.checkpoint.seq,
            at_least=0,
            aside=tmp_path,
            at="",
        )
        replayed = [batch.seq for batch, _ in found]

    assert replayed == [52]


def test_old_segments_are_not_read_at_all_at_a_start(tmp_path: Path) -> None:
    with opened(tmp_path, segment_limit=2000) as store:
        commit(store, project())
        for count in range(1, 101):
            commit(store, said(count))
    disk = CountingReader()
    with opened(tmp_path, segment_limit=2000, disk=disk) as store:
        assert len(texts(store)) == 100
        assert disk.read <= 2 * 2500


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "of other rules", "no json"])
def test_a_snapshot_that_cannot_be_believed_costs_time_and_nothing_else(
    tmp_path: Path, damage: str
) -> None:
    filled(tmp_path, messages=20)
    path = tmp_path / snapshot.FILE
    raw = path.read_bytes()
    path.write_bytes(
        {
            "flipped": raw.replace(b"message 7", b"message 8"),
            "cut": raw[:-20],
            "empty": b"",
            "of other rules": _signed(raw.replace(b'"fold":"', b'"fold":"x')),
            "no json": b"\xff" * 100,
        }[damage]
    )
    with opened(tmp_path) as store:
        assert texts(store) == [f"message {n}" for n in range(1, 21)]
        assert [b.seq for b in store.conversation("p1", None, 100)] == list(range(2, 22))


def _signed(raw: bytes) -> bytes:
    return line_of(raw[len(b'["00000000",') : -2])


@pytest.mark.parametrize("how", ["missing", "short"])
def test_a_history_that_lacks_something_is_made_anew(tmp_path: Path, how: str) -> None:
    filled(tmp_path, messages=20)
    for path in (tmp_path / "history").iterdir():
        if how == "missing":
            path.unlink()
        else:
            os.truncate(path, path.stat().st_size // 2)
    with opened(tmp_path) as store:
        assert [b.seq for b in store.conversation("p1", None, 100)] == list(range(2, 22))
        assert [b.seq for b in store.read(0, 100)] == list(range(1, 22))


def test_a_journal_that_changed_under_its_snapshot_is_read_again_and_refused(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path, messages=20)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 1\d "), opened(tmp_path):
        pass


def test_a_segment_that_is_gone_is_missed_though_there_is_a_snapshot(tmp_path: Path) -> None:
    with opened(tmp_path, segment_limit=500) as store:
        commit(store, project())
        for count in range(1, 10):
            commit(store, said(count))
    (tmp_path / "journal" / "00000002.jsonl").unlink()
    with pytest.raises(JournalDamaged, match=r"00000002\.jsonl: it is missing"), opened(tmp_path):
        pass


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


@pytest.mark.parametrize("name", ["places", "conversation-p1"])
def test_a_history_that_is_found_to_be_wrong_is_made_anew_by_the_next_start(
    tmp_path: Path, name: str
) -> None:
    filled(tmp_path, messages=20)
    path = tmp_path / "history" / name
    path.write_bytes(b"\x07" * path.stat().st_size)
    with opened(tmp_path) as store:
        with pytest.raises((JournalDamaged, HistoryDamaged)):
            store.conversation("p1", None, 100)
        commit(store, said(21))
    with opened(tmp_path) as store:
        assert [b.seq for b in store.conversation("p1", None, 100)] == list(range(2, 23))


class Noting(Disk):
    """Notes what it was asked to change, by name, in order."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self._names: dict[int, str] = {}

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        self._names[file] = path.name
        return file

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self.changed.append(f"write {self._names[file]}")
        return super().write_at(file, data, offset)

    def remove(self, path: Path) -> None:
        self.changed.append(f"remove {path.name}")
        super().remove(path)

    def sync_directory(self, path: Path) -> None:
        self.changed.append(f"sync {path.name}")
        super().sync_directory(path)


def test_what_is_not_believed_is_gone_before_anything_is_written_over_what_it_points_to(
    tmp_path: Path,
) -> None:
    filled(tmp_path / "state", messages=3)
    path = tmp_path / "state" / snapshot.FILE
    path.write_bytes(_signed(path.read_bytes().replace(b'"fold":"', b'"fold":"x')))
    disk = Noting()
    with opened(tmp_path / "state", disk=disk):
        disk.changed.clear()
    assert disk.changed[:2] == [f"remove {snapshot.FILE}", "sync state"]
    assert "write places" in disk.changed[2:]


def test_a_journal_that_is_refused_keeps_its_snapshot(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=3)
    raw = (tmp_path / snapshot.FILE).read_bytes()
    path.write_bytes(path.read_bytes().replace(b"message 2", b"message 9"))
    with pytest.raises(JournalDamaged), opened(tmp_path):
        pass
    assert (tmp_path / snapshot.FILE).read_bytes() == raw
