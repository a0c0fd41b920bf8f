import errno
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, StoreFailed
from pmrunnerd.store.journal import Journal, Written
from pmrunnerd.store.segments import Place
from tests.unit.store.parts import AT, CountingDisk, DyingDisk, NamingDisk, SmallDisk, said


def line(seq: int, text: str = "hello") -> bytes:
    return encode(Batch(seq=seq, at=AT, facts=(said(seq, text=text),)))


def replayed(journal: Journal, at_least: int = 0) -> list[int]:
    aside = journal.directory.parent / "set-aside"
    return [batch.seq for batch, _ in journal.replay(at_least=at_least, aside=aside, at=AT)]


def written(journal: Journal, *seqs: int) -> Written:
    return journal.append([line(seq) for seq in seqs])


def a_journal(tmp_path: Path, disk: Disk | None = None, *, segment_limit: int = 1 << 20) -> Journal:
    return Journal(tmp_path / "journal", disk or Disk(), segment_limit=segment_limit)


def test_a_new_journal_is_empty_and_keeps_what_is_appended(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    assert replayed(journal) == []
    assert written(journal, 1, 2).error is None
    assert written(journal, 3).error is None
    journal.close()

    assert replayed(a_journal(tmp_path)) == [1, 2, 3]


def test_a_group_costs_one_sync_and_every_line_has_its_place(tmp_path: Path) -> None:
    disk = CountingDisk()
    journal = a_journal(tmp_path, disk)
    replayed(journal)
    disk.syncs = 0
    places = written(journal, 1, 2, 3).places

    assert disk.syncs == 1
    assert [journal.read(*place) for place in places] == [line(1), line(2), line(3)]
    journal.close()


def test_a_full_segment_is_followed_by_the_next_and_commits_go_on(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, segment_limit=len(line(1)) + 1)
    replayed(journal)
    places = [place for seq in range(1, 6) for place in written(journal, seq).places]
    journal.close()

    assert [place.segment for place in places] == [1, 1, 2, 2, 3]
    assert replayed(a_journal(tmp_path)) == [1, 2, 3, 4, 5]


def test_where_the_next_segment_cannot_be_made_the_present_one_grows_on(tmp_path: Path) -> None:
    class NoMoreFiles(Disk):
        def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
            if path.name == "00000002.jsonl":
                raise OSError(errno.EMFILE, "Too many open files")
            return super().open(path, how, mode)

    journal = a_journal(tmp_path, NoMoreFiles(), segment_limit=1)
    replayed(journal)

    assert written(journal, 1).error is None
    assert written(journal, 2).places[0].segment == 1
    journal.close()


def test_an_empty_last_segment_is_where_the_next_commit_goes(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    replayed(journal)
    written(journal, 1)
    journal.close()
    (tmp_path / "journal" / "00000002.jsonl").touch()
    again = a_journal(tmp_path)

    assert replayed(again) == [1]
    assert written(again, 2).places == [Place(2, 0, len(line(2)))]
    again.close()


def test_a_journal_that_is_gone_is_not_begun_again(tmp_path: Path) -> None:
    with pytest.raises(JournalDamaged):
        replayed(a_journal(tmp_path), at_least=1)

    assert list((tmp_path / "journal").iterdir()) == []


def test_a_torn_tail_is_kept_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    replayed(journal)
    written(journal, 1)
    journal.close()
    path = tmp_path / "journal" / "00000001.jsonl"
    path.write_bytes(line(1) + line(2)[:-7])

    assert replayed(a_journal(tmp_path)) == [1]
    assert path.read_bytes() == line(1)
    [kept] = (tmp_path / "set-aside").iterdir()
    assert kept.name == f"20261124T123000.123Z-journal-00000001-{len(line(1))}"
    assert kept.read_bytes() == line(2)[:-7]


def test_a_tail_that_contradicts_what_was_durable_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    path = tmp_path / "journal" / "00000001.jsonl"
    path.write_bytes(b"\0" * 100)

    with pytest.raises(JournalDamaged, match="ends at commit 0, and 1 was durable"):
        replayed(a_journal(tmp_path), at_least=1)
    assert path.read_bytes() == b"\0" * 100


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_where_there_is_no_room_the_lines_that_fit_stay_and_no_half_one(
    tmp_path: Path, error: int
) -> None:
    disk = SmallDisk(room=1 << 20, error=error)
    journal = a_journal(tmp_path, disk)
    replayed(journal)
    disk.room = len(line(1)) * 2 + 10
    outcome = written(journal, 1, 2, 3, 4)

    assert len(outcome.places) == 2
    assert isinstance(outcome.error, Unavailable)
    assert not isinstance(outcome.error, StoreFailed)
    assert "cannot record in" in str(outcome.error)
    assert (tmp_path / "journal" / "00000001.jsonl").read_bytes() == line(1) + line(2)
    disk.room = 1 << 20
    assert written(journal, 3).error is None
    journal.close()
    assert replayed(a_journal(tmp_path)) == [1, 2, 3]


def test_another_error_of_a_write_is_the_end(tmp_path: Path) -> None:
    disk = SmallDisk(room=1 << 20, error=errno.EIO)
    journal = a_journal(tmp_path, disk)
    replayed(journal)
    disk.room = 10

    assert isinstance(written(journal, 1).error, StoreFailed)
    journal.close()


def test_a_sync_that_fails_makes_nothing_durable(tmp_path: Path) -> None:
    disk = DyingDisk()
    journal = a_journal(tmp_path, disk)
    replayed(journal)
    disk.dead = True
    outcome = written(journal, 1, 2)

    assert outcome.places == []
    assert isinstance(outcome.error, StoreFailed)
    journal.close()


def test_what_is_only_in_memory_is_made_durable_before_it_is_believed(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "00000001.jsonl").write_bytes(line(1))
    disk = DyingDisk()
    disk.dead = True

    with pytest.raises(OSError, match="Input/output"):
        replayed(a_journal(tmp_path, disk))


def test_a_new_segment_has_a_name_that_survives_a_power_cut(tmp_path: Path) -> None:
    disk = NamingDisk()
    journal = a_journal(tmp_path, disk, segment_limit=1)
    replayed(journal)
    written(journal, 1)
    written(journal, 2)
    journal.close()

    assert disk.durable[journal.directory] == ["00000001.jsonl", "00000002.jsonl"]


def test_a_line_for_whose_end_there_is_no_room_does_not_fit(tmp_path: Path) -> None:
    disk = SmallDisk(room=1 << 20)
    journal = a_journal(tmp_path, disk)
    replayed(journal)
    disk.room = len(line(1)) + len(line(2)) - 1
    outcome = written(journal, 1, 2)
    journal.close()

    assert len(outcome.places) == 1
    assert (tmp_path / "journal" / "00000001.jsonl").read_bytes() == line(1)
