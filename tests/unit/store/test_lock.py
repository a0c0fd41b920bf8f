import json
import os
import pwd
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.lock import Lock, seen
from tests.unit.store.parts import AT, RELEASE, CountingDisk, SmallDisk


def taken(path: Path, disk: Disk | None = None) -> Lock:
    return Lock(path, at=AT, release="0.1.0", disk=disk or Disk())


def test_a_second_daemon_is_told_who_holds_the_state_and_what_to_do(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")

    with pytest.raises(Refused) as refused:
        taken(tmp_path / "lock")

    user = pwd.getpwuid(os.getuid()).pw_name
    assert str(refused.value) == (
        f"cannot open {tmp_path}: pid {os.getpid()} of {user} holds it since {AT} (0.1.0)"
    )
    assert refused.value.hint == "pmrunnerctl stop"
    lock.close()


def test_a_lock_that_was_let_go_can_be_taken_again(tmp_path: Path) -> None:
    taken(tmp_path / "lock").close()
    taken(tmp_path / "lock").close()


def test_a_refused_daemon_does_not_write_over_who_holds_the_lock(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")
    before = (tmp_path / "lock").read_bytes()
    with pytest.raises(Refused):
        Lock(tmp_path / "lock", at="later", release="0.2.0", disk=Disk())

    assert (tmp_path / "lock").read_bytes() == before
    lock.close()


def test_a_holder_that_has_not_said_who_it_is_still_holds_the_lock(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")
    (tmp_path / "lock").write_bytes(b"")

    with pytest.raises(Refused, match="has not said which"):
        taken(tmp_path / "lock")
    lock.close()


def test_how_far_the_journal_had_come_is_remembered_for_the_next_daemon(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")
    assert lock.seen == 0
    lock.note(41)
    lock.close()
    again = taken(tmp_path / "lock")

    assert again.seen == 41
    assert json.loads((tmp_path / "lock").read_bytes())["seq"] == 41
    again.close()


def test_a_full_disk_does_not_keep_a_daemon_from_taking_the_lock(tmp_path: Path) -> None:
    taken(tmp_path / "lock", SmallDisk(room=0)).close()


def test_a_lock_is_written_over_in_place_and_so_needs_no_room(tmp_path: Path) -> None:
    for release in ("0.1.0", "0.123456789.0-with-a-long-name", "1"):
        Lock(tmp_path / "lock", at=AT, release=release, disk=Disk()).close()

        assert (tmp_path / "lock").stat().st_size == 512
        assert json.loads((tmp_path / "lock").read_bytes())["release"] == release


def test_another_journal_begins_anew_durably(tmp_path: Path) -> None:
    disk = CountingDisk()
    lock = Lock(tmp_path / "lock", at=AT, release=RELEASE, disk=disk)
    lock.note(12)
    assert disk.syncs == 0
    lock.begin_anew(3)
    lock.close()

    assert disk.syncs == 1
    assert seen(disk, tmp_path / "lock") == 3


def test_a_full_disk_is_told_where_the_next_daemon_would_be_misled(tmp_path: Path) -> None:
    disk = SmallDisk(room=1 << 20)
    lock = taken(tmp_path / "lock", disk)
    lock.note(500)
    disk.room = 0
    lock.note(501)
    with pytest.raises(OSError, match="No space left"):
        lock.begin_anew(3)
    lock.close()
