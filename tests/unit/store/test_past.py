import itertools
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmrunnerd.model.requests import make
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import Batch, encode, line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.past import Past
from pmrunnerd.store.store import Store
from tests.unit.store.parts import AT, filled, illegal, opened, project, said, texts


def written(directory: Path, *batches: Batch) -> Past:
    (directory / "journal").mkdir()
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(encode(batch) for batch in batches))
    disk = Disk()
    return Past(directory, Journal(directory / "journal", disk), disk)


def replay(past: Past) -> None:
    past.replay(at_least=0, aside=past.directory, at=AT, each=lambda _: None)


def test_the_journal_folds_to_state_history_and_requests(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(said(1),), request="r1"),
    )
    replay(past)

    assert past.state.seq == 2
    assert past.state.messages["m1"].text == "hello"
    assert past.find("r1") == past.history.one(2)
    assert past.find("r2") is None


def test_facts_that_cannot_follow_are_damage_with_file_and_line(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(illegal(),)),
    )

    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 2 cannot be taken in: .*b404"):
        replay(past)


def test_another_request_with_the_same_hash_is_not_taken_for_it(tmp_path: Path) -> None:
    past = written(tmp_path, Batch(seq=1, at=AT, facts=(project(),), request="r1"))
    replay(past)
    past.requests._young["r2"] = 1  # as if both had one checksum

    assert past.find("r2") is None


def at(milliseconds: int) -> str:
    stamp = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_request_that_may_be_forgotten_is_told_from_one_that_is_new(tmp_path: Path) -> None:
    began = 1_795_000_000_000
    time = itertools.count(began, 2000)
    with closing(Store(tmp_path, lambda: at(next(time)), release="1", window=3)) as store:
        made = [make(began + 2000 * n, bytes([n] * 10)) for n in range(1, 8)]
        for name in made:
            store.commit(request=name, digest="d")
            store.flush()
        known = [name for name in made if store.earlier(name)]
        assert known[-3:] == made[-3:]
        for name in set(made) - set(known):
            assert store.is_too_old(name)
        now = next(time)
        assert not store.is_too_old(make(now, b"new" * 4))
        assert not store.is_too_old(make(now - 5000, b"waited a little"))
        assert store.is_too_old(make(now - 24 * 3600 * 1000, b"of yesterday"))
        assert not store.is_too_old("says no time")


def test_nothing_is_too_old_that_was_made_since_the_first_request_of_all(tmp_path: Path) -> None:
    began = 1_795_000_000_000
    time = itertools.count(began, 3_600_000)
    with closing(Store(tmp_path, lambda: at(next(time)), release="1")) as store:
        store.commit(request="r1", digest="d")
        store.flush()
        assert not store.is_too_old(make(began - 3_600_000, b"while we were away"))


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
