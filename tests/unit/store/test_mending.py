from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.mending import GAP_LIMIT, Keep, Mending
from tests.unit.store.damage import COMMITS, flip, segments, state
from tests.unit.store.parts import AT, said


def weighed(directory: Path, at_least: int = COMMITS) -> Mending:
    return Mending(Disk(), directory / "journal", at_least)


def test_of_a_sound_journal_every_byte_is_kept_and_nothing_found(tmp_path: Path) -> None:
    plan = weighed(state(tmp_path))

    assert (plan.findings, plan.changed, plan.lost) == ([], set(), [])
    sizes = [path.stat().st_size for path in segments(tmp_path)]
    assert [parts for parts in plan.segments.values() if parts] == [
        [Keep(0, size)] for size in sizes if size
    ]


def test_a_bad_line_gives_its_number_to_a_placeholder_in_its_place(tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    (lost,) = weighed(tmp_path).lost

    assert (lost.segment, lost.line, lost.why) == (2, 1, "does not match its checksum")
    assert b"m" + str(lost.seq).encode() in lost.raw


def test_a_journal_that_ends_too_early_is_made_as_long_as_it_was(tmp_path: Path) -> None:
    lost = weighed(state(tmp_path), COMMITS + 3).lost

    assert [one.seq for one in lost] == [COMMITS + 1, COMMITS + 2, COMMITS + 3]
    assert {one.line for one in lost} == {0}


def test_a_number_that_cannot_be_right_is_not_filled_up_to(tmp_path: Path) -> None:
    path = segments(state(tmp_path))[-1]
    far = Batch(seq=GAP_LIMIT * 2, at=AT, facts=(said(99),))
    path.write_bytes(path.read_bytes() + encode(far))

    with pytest.raises(Refused, match="commits are missing after 10"):
        weighed(tmp_path)
