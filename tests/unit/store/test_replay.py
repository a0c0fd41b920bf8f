from pathlib import Path
from zlib import crc32

import pytest

from pmrunnerd.store.batch import LINE_LIMIT, Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.replay import End, replay
from tests.unit.store.parts import AT, said


def line(seq: int) -> bytes:
    return encode(Batch(seq=seq, at=AT, facts=(said(seq),)))


def replayed(directory: Path, *segments: bytes, at_least: int = 0) -> tuple[list[int], End]:
    """Return the commits of a journal with these segments, and where it ends."""
    for number, content in enumerate(segments, start=1):
        (directory / f"{number:08}.jsonl").write_bytes(content)
    found: list[int] = []
    reading = replay(Disk(), directory, at_least)
    while True:
        try:
            batch, place = next(reading)
        except StopIteration as stop:
            return found, stop.value
        assert segments[place.segment - 1][place.offset :][: place.size] == line(batch.seq)
        found.append(batch.seq)


def test_commits_go_on_from_one_segment_to_the_next(tmp_path: Path) -> None:
    assert replayed(tmp_path, line(1) + line(2), line(3)) == ([1, 2, 3], End(2, b""))


def test_where_there_is_no_journal_there_is_no_segment(tmp_path: Path) -> None:
    assert replayed(tmp_path) == ([], End(0, b""))


def test_an_empty_last_segment_is_where_the_journal_ends(tmp_path: Path) -> None:
    assert replayed(tmp_path, line(1), b"") == ([1], End(2, b""))


def test_what_is_torn_at_the_end_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    assert replayed(tmp_path, line(1) + line(2)[:-7]) == ([1], End(1, line(2)[:-7]))
    assert (tmp_path / "00000001.jsonl").read_bytes() == line(1) + line(2)[:-7]


@pytest.mark.parametrize("following", [b"", line(2)])
def test_a_torn_line_in_a_segment_that_is_not_the_last_is_damage(
    tmp_path: Path, following: bytes
) -> None:
    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 2 does not match"):
        replayed(tmp_path, line(1) + line(2)[:-5], following)


def test_a_tail_that_no_crash_can_have_left_is_damage(tmp_path: Path) -> None:
    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 2 does not"):
        replayed(tmp_path, line(1) + b"\0" * (LINE_LIMIT + 1))


@pytest.mark.parametrize(("seqs", "found"), [((1, 3), 3), ((1, 1), 1), ((2,), 2)])
def test_a_gap_or_a_repetition_is_damage_even_at_the_end(
    tmp_path: Path, seqs: tuple[int, ...], found: int
) -> None:
    with pytest.raises(JournalDamaged, match=f"line {len(seqs)} is commit {found} where"):
        replayed(tmp_path, b"".join(map(line, seqs)))


def test_a_fact_that_is_whole_and_malformed_is_damage_even_at_the_end(tmp_path: Path) -> None:
    body = line(1)[12:-2].replace(b'"text":"hello"', b'"text":12345')
    bad = b'["%08x",%b]\n' % (crc32(body), body)

    with pytest.raises(JournalDamaged, match=r"line 1 is malformed: Expected `str`, got `int`"):
        replayed(tmp_path, bad)


@pytest.mark.parametrize("content", [line(1), b"", b"\0" * 100, line(1) + line(2)[:9]])
def test_a_journal_that_lost_its_end_is_not_taken_for_a_shorter_one(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(JournalDamaged, match=r"ends at commit [01], and 2 was durable"):
        replayed(tmp_path, content, at_least=2)
    assert (tmp_path / "00000001.jsonl").read_bytes() == content
