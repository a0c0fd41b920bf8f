import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.upkeep import Repaired
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.repair import repair
from pmrunnerd.store.verify import verify
from tests.unit.store.damage import (
    COMMITS,
    DAMAGES,
    everything,
    flip,
    messages,
    segments,
    state,
    without_a_journal,
    without_its_first_segment,
)
from tests.unit.store.parts import AT, RELEASE, illegal, opened, said

ALL = {f"m{count}" for count in range(2, COMMITS + 1)}


def mend(directory: Path, *, change: bool = True, disk: Disk | None = None) -> Repaired:
    return repair(disk or Disk(), directory, at=AT, release=RELEASE, change=change)


def test_a_flipped_bit_in_the_middle_costs_one_commit(tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    lost = verify(Disk(), tmp_path, at=AT, release=RELEASE).findings[0]
    with pytest.raises(JournalDamaged):
        messages(tmp_path)
    found = mend(tmp_path)

    assert found.changed
    assert (found.lost, found.commits) == (1, COMMITS)
    assert lost.said == ("message posted in alias-p1",)
    assert len(messages(tmp_path)) == len(ALL) - 1


def test_the_original_is_set_aside_byte_for_byte(tmp_path: Path) -> None:
    path = segments(state(tmp_path))[1]
    flip(path, 1)
    damaged = path.read_bytes()
    kept = Path(mend(tmp_path).kept)

    assert kept.parent == tmp_path / "set-aside"
    assert (kept / path.name).read_bytes() == damaged


def test_unless_it_is_to_change_nothing_is_changed(tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    before = everything(tmp_path)
    found = mend(tmp_path, change=False)

    assert (found.changed, found.lost, found.kept) == (False, 1, "")
    assert everything(tmp_path) == before


def test_a_sound_state_is_left_alone(tmp_path: Path) -> None:
    before = everything(state(tmp_path))

    assert not mend(tmp_path).changed
    assert everything(tmp_path) == before


def test_a_second_repair_finds_nothing_to_do(tmp_path: Path) -> None:
    segments(state(tmp_path))[1].unlink()
    mend(tmp_path)
    before = everything(tmp_path)

    assert not mend(tmp_path).changed
    assert verify(Disk(), tmp_path, at=AT, release=RELEASE).sound
    assert everything(tmp_path) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_gone_the_numbers_go_on_and_what_is_left_stays(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(state(tmp_path))
    assert not verify(Disk(), tmp_path, at=AT, release=RELEASE).sound
    with pytest.raises(JournalDamaged):
        messages(tmp_path)
    found = mend(tmp_path)
    left = messages(tmp_path)

    assert found.commits == COMMITS
    if damage not in (without_its_first_segment, without_a_journal):
        # The project itself is a commit; messages in one that is not there still follow.
        assert len(left) == len(ALL) - found.lost


def test_a_commit_that_cannot_follow_any_more_is_lost_too(tmp_path: Path) -> None:
    state(tmp_path)
    path = segments(tmp_path)[-1]
    bad = Batch(seq=COMMITS + 1, at=AT, facts=(illegal(),))
    good = Batch(seq=COMMITS + 2, at=AT, facts=(said(99),))
    path.write_bytes(path.read_bytes() + encode(bad) + encode(good))
    found = mend(tmp_path)

    assert found.lost == 1
    assert "does not follow" in found.findings[0].why
    assert messages(tmp_path) == ALL | {"m99"}


def test_identifiers_of_what_was_lost_are_not_given_again(tmp_path: Path) -> None:
    path = segments(state(tmp_path))[-1]
    flip(path, len(path.read_bytes().splitlines()))
    mend(tmp_path)

    with opened(tmp_path) as store:
        assert store.state.minted["m"] == COMMITS


def test_caches_are_set_aside_with_what_they_were_made_from(tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    assert {"snapshot.json", "history"} <= {path.name for path in tmp_path.iterdir()}
    kept = Path(mend(tmp_path).kept)

    assert {"snapshot.json", "history"} <= {path.name for path in kept.iterdir()}
    assert not (tmp_path / "snapshot.json").exists()


def test_while_a_daemon_has_the_state_it_is_refused(tmp_path: Path) -> None:
    with opened(state(tmp_path)), pytest.raises(Refused, match="holds it since"):
        mend(tmp_path)


def test_where_there_is_no_state_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        mend(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_the_journal_stays(tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    before = {path: path.read_bytes() for path in segments(tmp_path)}

    class Full(Disk):
        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            if bytes(data[:1]) == b"[":
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write_at(file, data, offset)

    with pytest.raises(Exception, match="No space left"):
        mend(tmp_path, disk=Full())
    assert {path: path.read_bytes() for path in segments(tmp_path)} == before
