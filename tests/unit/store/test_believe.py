import os
import shutil
from pathlib import Path

import pytest

from pmrunnerd.rules import decide
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import Batch, encode, line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, seen
from tests.unit.store.parts import AT, filled, illegal, opened, project, said, texts
from tests.unit.store.trouble import BadSector


def commit(store: Store, *facts: object) -> None:
    store.commit(*facts)  # type: ignore[arg-type]
    store.flush()


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


def test_a_journal_that_is_refused_keeps_its_snapshot(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=3)
    raw = (tmp_path / snapshot.FILE).read_bytes()
    path.write_bytes(path.read_bytes().replace(b"message 2", b"message 9"))
    with pytest.raises(JournalDamaged), opened(tmp_path):
        pass
    assert (tmp_path / snapshot.FILE).read_bytes() == raw


def test_a_bad_sector_under_the_snapshot_costs_time_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, messages=3)
    with opened(tmp_path, disk=BadSector(snapshot.FILE)) as store:
        assert texts(store) == ["message 1", "message 2", "message 3"]
    assert f"cannot read {tmp_path / snapshot.FILE}: Input/output error" in caplog.text


@pytest.mark.parametrize("file", ["plans", "finished.jsonl"])
def test_a_history_that_a_commit_behind_the_snapshot_stumbles_over_is_made_anew_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    died = tmp_path / "died"
    with opened(tmp_path / "lived") as store:
        commit(store, *beginning())
        task = failed_plan(store)
        store.checkpoint()
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        shutil.copytree(tmp_path / "lived", died)
        expected = seen(store)
    path = died / "history" / file
    raw = bytearray(path.read_bytes())
    raw[8:16] = bytes(8)  # of `plans` the place of p1, of the other a part of its line
    path.write_bytes(raw)

    with opened(died) as store:
        assert seen(store) == expected
    assert "snapshot.json is not believed: cannot read" in caplog.text
    assert "00000001.jsonl: line 6 cannot be taken in" in caplog.text
    with opened(died) as store:
        assert seen(store) == expected


def test_a_journal_that_cannot_follow_is_blamed_only_when_it_was_read_without_the_snapshot(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path, messages=2)
    line = encode(Batch(seq=4, at=AT, facts=(illegal(),)))
    path.write_bytes(path.read_bytes() + line)
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="line 4 cannot be taken in"), opened(tmp_path):
            pass
    assert (tmp_path / snapshot.FILE).exists()


@pytest.mark.parametrize("window", [10, 100_000])
def test_a_request_that_was_recorded_is_not_forgotten_for_a_flipped_bit(
    tmp_path: Path, window: int
) -> None:
    with opened(tmp_path, window=window) as store:
        for count in range(40):
            store.commit(request=f"q{count}", digest="d")
            store.flush()
    path = tmp_path / "history" / "requests"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)
    with opened(tmp_path, window=window) as store:
        assert store.earlier("q39") is not None
