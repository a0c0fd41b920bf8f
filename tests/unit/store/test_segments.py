from pathlib import Path

import pytest

from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.segments import Line, numbers, read_lines
from tests.unit.store.parts import AT, SlowWriter, said


def lines_in(path: Path, disk: Disk | None = None) -> list[Line]:
    disk = disk or Disk()
    file = disk.open(path, "read")
    try:
        return list(read_lines(disk, file, path))
    finally:
        disk.close(file)


def test_segments_are_counted_and_other_files_are_nobodys_business(tmp_path: Path) -> None:
    for name in ("00000001.jsonl", "00000002.jsonl", "00000001.jsonl~", "notes", ".x.swp"):
        (tmp_path / name).touch()

    assert numbers(Disk(), tmp_path) == [1, 2]


@pytest.mark.parametrize(("there", "missing"), [((2,), 1), ((1, 3), 2)])
def test_a_segment_that_is_missing_is_named(
    tmp_path: Path, there: tuple[int, ...], missing: int
) -> None:
    for number in there:
        (tmp_path / f"{number:08}.jsonl").touch()

    with pytest.raises(JournalDamaged, match=f"{missing:08}.jsonl: it is missing"):
        numbers(Disk(), tmp_path)


def test_lines_are_found_where_they_are_however_little_is_read_at_a_time(tmp_path: Path) -> None:
    first, second = (encode(Batch(seq=n, at=AT, facts=(said(n),))) for n in (1, 2))
    (tmp_path / "segment").write_bytes(first + second + first[:30])

    for disk in (Disk(), SlowWriter()):
        found = lines_in(tmp_path / "segment", disk)
        assert [line[:3] for line in found] == [
            (1, 0, len(first)),
            (2, len(first), len(second)),
            (3, len(first) + len(second), 30),
        ]
        assert [line.json is not None for line in found] == [True, True, False]


def test_a_whole_line_without_its_end_is_not_whole(tmp_path: Path) -> None:
    line = encode(Batch(seq=1, at=AT, facts=(said(1),)))
    (tmp_path / "segment").write_bytes(line[:-1])

    assert [line.json for line in lines_in(tmp_path / "segment")] == [None]


def test_an_empty_segment_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "segment").touch()

    assert lines_in(tmp_path / "segment") == []
