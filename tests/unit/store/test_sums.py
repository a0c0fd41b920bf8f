from pathlib import Path
from zlib import crc32

import pytest

from pmrunnerd.store import sums
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.segments import Extent

LINES = [line_of(b'{"number":%d,"text":"%b"}' % (n, b"x" * n * 7)) for n in range(1, 8)]
WHOLE = b"".join(LINES)
NOTHING = Extent(1, 0, 0)


def journal(directory: Path, content: bytes = WHOLE) -> Journal:
    (directory / "00000001.jsonl").write_bytes(content)
    return Journal(directory, Disk())


def test_a_sum_is_that_of_all_bytes_up_to_one(tmp_path: Path) -> None:
    assert sums.sum_of(journal(tmp_path), 1, 100) == crc32(WHOLE[:100])


@pytest.mark.parametrize("chunk", [1, 10, 64, 1 << 20])
def test_a_sum_that_is_carried_on_is_that_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(sums, "_CHUNK", chunk)
    known, end = NOTHING, 0
    for number, line in enumerate(LINES, start=1):
        end += len(line)
        known = sums.grown(journal(tmp_path), 1, known, end, number)
    assert known == Extent(1, len(WHOLE), crc32(WHOLE))
    assert sums.grown(journal(tmp_path), 1, NOTHING, end, 1) == known


def test_no_byte_that_has_changed_is_blessed(tmp_path: Path) -> None:
    known = sums.grown(journal(tmp_path), 1, NOTHING, len(LINES[0]), 1)
    for where in range(len(LINES[0]), len(WHOLE)):
        other = bytearray(WHOLE)
        other[where] ^= 1
        line = WHOLE[:where].count(b"\n") + 1
        with pytest.raises(JournalDamaged, match=f"line {line} is not what was written"):
            sums.grown(journal(tmp_path, bytes(other)), 1, known, len(WHOLE), 2)


def test_a_segment_that_became_shorter_is_not_blessed(tmp_path: Path) -> None:
    for cut in range(len(WHOLE)):
        line = WHOLE[:cut].count(b"\n") + 1
        with pytest.raises(JournalDamaged, match=f"line {line} is not what was written"):
            sums.grown(journal(tmp_path, WHOLE[:cut]), 1, NOTHING, len(WHOLE), 1)
