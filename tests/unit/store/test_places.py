from pathlib import Path

import pytest

from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, TooNew
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.levels import LEVEL
from pmrunnerd.store.places import PAGE_BYTES, Places, _joined
from tests.unit.store.parts import AT, filled, opened, said


def placed(directory: Path, *texts: str, segment_limit: int = 1 << 30) -> Places:
    journal = Journal(directory / "journal", Disk(), segment_limit=segment_limit)
    list(journal.replay(at_least=0, aside=directory, at=AT))
    places = Places(journal, Index(Disk(), directory, {}))
    for seq, text in enumerate(texts, start=1):
        line = encode(Batch(seq=seq, at=AT, facts=(said(seq, text=text),)))
        [place] = journal.append([line]).places
        places.add(seq, place)
    journal.close()
    return places


def test_commits_are_fetched_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abcdefgh", segment_limit=300)
    for seqs in ([1, 2, 3, 4, 5, 6, 7, 8], [2, 5, 6], [8, 1], [4], []):
        assert [batch.seq for batch in places.fetch(seqs)] == seqs


def test_neighbours_are_read_at_once(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abcdef")

    assert [extent.first for extent in _joined(places._extents([1, 2, 4, 5, 6]))] == [1, 4]


def test_every_commit_knows_its_file_and_line(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abcdefgh", segment_limit=300)
    for seq in range(1, 9):
        path, number = places.where(seq)
        assert f'"seq":{seq},' in path.read_text().splitlines()[number - 1]


def test_a_line_that_changed_since_it_was_read_is_named(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abc")
    path, _ = places.where(2)
    path.write_bytes(path.read_bytes().replace(b'"m2"', b'"m9"'))

    assert [batch.seq for batch in places.fetch([1])] == [1]
    with pytest.raises(JournalDamaged, match="line 2 is not what was read before"):
        places.fetch([1, 2, 3])


def test_two_lines_that_changed_places_are_not_taken_for_each_other(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abc")
    path, _ = places.where(1)
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(second + first + third)

    with pytest.raises(JournalDamaged, match="line 2 is not what was read before"):
        places.fetch([2])


def test_a_file_that_was_cut_since_it_was_read_is_damage_and_not_an_end(tmp_path: Path) -> None:
    places = placed(tmp_path, *"abc")
    path, _ = places.where(3)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(JournalDamaged, match="line 3 is not what was read before"):
        places.fetch([2, 3])


def test_a_page_is_what_can_be_afforded_and_at_least_one(tmp_path: Path) -> None:
    places = placed(tmp_path, "x" * PAGE_BYTES, "x" * (PAGE_BYTES // 2), "b", "c")

    assert places.affordable([1, 2, 3, 4]) == [1]
    assert places.affordable([2, 3, 4]) == [2, 3, 4]
    assert places.affordable([4, 3, 2, 1]) == [4, 3, 2]
    assert places.affordable([]) == []


@pytest.mark.parametrize("wrong", ["column", "journal"])
def test_a_commit_that_is_not_in_its_place_is_damage_of_what_is_damaged(
    tmp_path: Path, wrong: str
) -> None:
    path = filled(tmp_path, messages=20)
    column = tmp_path / "history" / "places"
    with opened(tmp_path) as store:
        if wrong == "journal":
            path.write_bytes(path.read_bytes().replace(b"message 7", b"message 8"))
            with pytest.raises(JournalDamaged, match="line 8 is not what was read before"):
                store.read(7, 1)
        else:
            raw = bytearray(column.read_bytes())
            raw[56] ^= 1  # of the place of commit 8
            column.write_bytes(raw)
            with pytest.raises(HistoryDamaged, match="cannot find commit 8: it is in line 8 of"):
                store.read(7, 1)
        assert store.wrong is not None


def test_a_line_of_a_newer_level_is_refused_in_words(tmp_path: Path) -> None:
    level = f',"level":{LEVEL + 1}'
    places = placed(tmp_path, "a", "b" * len(level), "c")
    path, _ = places.where(2)
    newer = encode(Batch(seq=2, at=AT, level=LEVEL + 1, facts=(said(2, text=""),)))
    first, _, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + newer + third)

    with pytest.raises(TooNew, match=rf"line 2 is of level {LEVEL + 1}, and this release"):
        places.fetch([2])
