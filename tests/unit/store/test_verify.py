import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import TooNew
from pmrunnerd.store.levels import Levels
from pmrunnerd.store.repair import repair
from pmrunnerd.store.swap import Intention, intend
from pmrunnerd.store.verify import verify
from tests.unit.store.damage import COMMITS, everything, flip, segments, state
from tests.unit.store.parts import AT, RELEASE, RESTORED, now, opened, project, said


def test_damage_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    path = segments(state(tmp_path))[1]
    flip(path, 1)
    found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

    assert not found.sound
    assert (found.findings[0].file, found.findings[0].line) == (str(path), 1)
    assert "does not match its checksum" in found.findings[0].why


def test_every_bad_line_is_named_not_the_first_alone(tmp_path: Path) -> None:
    state(tmp_path)
    flip(segments(tmp_path)[1], 1)
    flip(segments(tmp_path)[2], 1)

    assert len(verify(Disk(), tmp_path, at=AT, release=RELEASE).findings) == 2


def test_a_sound_state_is_measured_and_not_touched(tmp_path: Path) -> None:
    before = everything(state(tmp_path))
    lock = (tmp_path / "lock").read_bytes()
    found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

    assert (found.sound, found.commits, found.torn) == (True, COMMITS, 0)
    assert found.bytes == sum(path.stat().st_size for path in segments(tmp_path))
    assert everything(tmp_path) == before
    assert (tmp_path / "lock").read_bytes() == lock


def test_it_does_not_need_the_lock_and_sees_what_is_durable(tmp_path: Path) -> None:
    with opened(state(tmp_path)) as store:
        store.commit(said(11))
        store.flush()
        found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

    assert (found.sound, found.commits) == (True, 11)


def test_a_torn_end_is_told_and_is_no_damage(tmp_path: Path) -> None:
    path = segments(state(tmp_path))[-1]
    path.write_bytes(path.read_bytes() + b'["0123')
    found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

    assert (found.sound, found.torn) == (True, 6)


@pytest.mark.parametrize("name", ["", "none"])
def test_where_there_is_no_state_that_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="cannot find a state in"):
        verify(Disk(), tmp_path / name, at=AT, release=RELEASE)


def test_in_the_middle_of_a_restore_nobody_can_tell(tmp_path: Path) -> None:
    (state(tmp_path) / "restore" / "state").mkdir(parents=True)
    intend(Disk(), tmp_path, Intention(aside="x", parts=(), restored=RESTORED))

    with pytest.raises(Refused, match="a restore was begun there"):
        verify(Disk(), tmp_path, at=AT, release=RELEASE)


def test_a_history_that_is_wrong_is_made_anew_by_the_next_start(tmp_path: Path) -> None:
    places = state(tmp_path) / "history" / "places"
    right = places.read_bytes()
    places.write_bytes(bytes(len(right)))
    found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

    assert (found.sound, found.findings) == (False, ()), "nothing was lost"
    assert (len(found.caches), found.retracted) == (1, True)
    assert not (tmp_path / "snapshot.json").exists()
    with opened(tmp_path):
        pass
    assert places.read_bytes() == right
    assert not verify(Disk(), tmp_path, at=AT, release=RELEASE).caches


def test_under_a_daemon_a_wrong_history_is_told_and_left_to_it(tmp_path: Path) -> None:
    with opened(state(tmp_path)):
        places = tmp_path / "history" / "places"
        places.write_bytes(bytes(len(places.read_bytes())))
        found = verify(Disk(), tmp_path, at=AT, release=RELEASE)

        assert (len(found.caches), found.retracted) == (1, False)
        assert (tmp_path / "snapshot.json").exists()


@pytest.mark.parametrize("look", [verify, partial(repair, change=True)])
def test_a_state_of_a_newer_release_is_not_called_damaged_and_not_mended(
    tmp_path: Path, look: Callable[..., object]
) -> None:
    with opened(tmp_path, levels=Levels(newest=2, writes=2)) as store:
        store.commit(project())
    before = everything(tmp_path)
    with pytest.raises(TooNew, match=r"00000001\.jsonl: line 1 is of level 2, and this release"):
        look(Disk(), tmp_path, at=now(), release=RELEASE)
    assert everything(tmp_path) == before


class ReadOnly(Disk):
    """Is mounted so, as what was saved of a failing disk is."""

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        if how != "read":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return super().open(path, how, mode)


class FailingToRemove(Disk):
    """Lets everything be done but what is to be done."""

    def remove(self, path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


@pytest.mark.parametrize("disk", [ReadOnly(), FailingToRemove()])
def test_what_was_found_is_told_though_nothing_can_be_done_about_it(
    tmp_path: Path, disk: Disk
) -> None:
    places = state(tmp_path) / "history" / "places"
    places.write_bytes(bytes(places.stat().st_size))
    found = verify(disk, tmp_path, at=AT, release=RELEASE)

    assert (found.findings, len(found.caches), found.retracted) == ((), 1, False)
    assert (tmp_path / "snapshot.json").exists()
