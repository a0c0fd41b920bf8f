from pathlib import Path

import pytest

from pmrunnerd.store import batch
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.survey import Found, survey
from tests.unit.store.parts import AT, said


def line(seq: int) -> bytes:
    return encode(Batch(seq=seq, at=AT, facts=(said(seq),)))


def surveyed(directory: Path, content: bytes, *, last: bool = True) -> list[Found]:
    (directory / "00000001.jsonl").write_bytes(content)
    return list(survey(Disk(), directory, 1, 0, last=last))


def test_bad_lines_do_not_hide_those_behind_them(tmp_path: Path) -> None:
    bad = line(2).replace(b"hello", b"hullo")
    found = surveyed(tmp_path, line(1) + bad + line(3))

    assert [one.batch.seq if one.batch else one.why for one in found] == [
        1,
        "does not match its checksum",
        3,
    ]
    assert found[1].raw == bad
    assert (found[1].line, found[1].offset, found[1].size) == (2, len(line(1)), len(bad))


def test_what_a_crash_left_at_the_end_is_torn_and_no_damage(tmp_path: Path) -> None:
    torn = surveyed(tmp_path, line(1) + line(2)[:-9])[-1]

    assert torn.torn
    assert (torn.line, torn.size) == (2, len(line(2)) - 9)
    assert surveyed(tmp_path, line(1) + b"\0" * 4096 + b"\n" + line(2)[:-9])[-1].torn


def test_only_the_last_segment_can_be_torn(tmp_path: Path) -> None:
    assert not surveyed(tmp_path, line(1) + line(2)[:-9], last=False)[-1].torn


def test_a_line_without_an_end_in_sight_is_one_bad_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "LINE_LIMIT", 1000)
    found = surveyed(tmp_path, line(1) + b"x" * 5000)

    assert found[-1].why == "does not end"
    assert found[-1].offset + found[-1].size == len(line(1)) + 5000
