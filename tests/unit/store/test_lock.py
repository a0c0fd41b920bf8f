import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.model.errors import Refused
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.lock import Lock, decode, is_whole, read, seen
from pmrunnerd.store.repair import repair
from pmrunnerd.store.verify import verify
from tests.unit.store.parts import AT, RELEASE, CountingDisk, SmallDisk, filled, opened
from tests.unit.store.trouble import BadSector, HalfWritten


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


def test_whoever_stops_leaves_word_of_it_until_the_next_one_comes(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")
    lock.part()
    lock.note(7)
    lock.close()
    stopped = read(Disk(), tmp_path / "lock")[1]
    assert stopped is not None
    assert (stopped.stopped, stopped.seq) == (True, 7)

    again = taken(tmp_path / "lock")
    now = read(Disk(), tmp_path / "lock")[1]
    assert now is not None
    assert (now.stopped, now.seq) == (False, 7)
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


def half_written(path: Path, times: int) -> HalfWritten:
    """Return a disk that shows the lock between two of its writings, as often as told."""
    before = path.read_bytes()
    taken(path).begin_anew(7)
    assert decode(path.read_bytes()[:20] + before[20:]) is None
    return HalfWritten(path.name, before, times)


def test_who_reads_while_it_is_written_reads_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b" " * 512)
    disk = half_written(path, times=3)
    assert seen(disk, path) == 7
    disk.left = 3
    assert is_whole(disk, path)
    assert not disk.left, "it did see the half"


def test_who_is_kept_out_while_it_is_written_is_told_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b" " * 512)
    held = taken(path)
    with pytest.raises(Refused, match=f"pid {os.getpid()} of"):
        taken(path, HalfWritten(path.name, b" " * 512, times=3))
    held.close()


def test_a_lock_that_stays_half_written_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b" " * 512)
    disk = half_written(path, times=1000)
    assert read(disk, path)[1] is None
    assert disk.left > 900


def flips(raw: bytes, bit: int) -> Iterator[bytes]:
    for at in range(len(raw.rstrip())):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << bit
        yield bytes(flipped)


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_that_flipped_anywhere_is_told_and_what_is_left_proves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bit: int
) -> None:
    path = tmp_path / "lock"
    lock = taken(path)
    lock.note(41)
    lock.close()
    said = decode(path.read_bytes())
    assert said is not None
    for flipped in flips(path.read_bytes(), bit):
        path.write_bytes(flipped)
        if (found := decode(flipped)) is not None:
            # In the name of the checksum itself: taken for a lock of before there was one.
            assert found == replace(said, sum="")
            continue
        assert not is_whole(Disk(), path)
        assert seen(Disk(), path) == 0
        caplog.clear()
        taken(path).close()
        assert f"cannot read {path}: it does not match its checksum" in caplog.text
        assert is_whole(Disk(), path)


@pytest.mark.parametrize(
    "damage", [b'{"pid":1,"by":"\xf2oot","at":"","release":""}', b"{", b"\0" * 512]
)
def test_a_lock_that_cannot_be_read_stops_neither_daemon_nor_verify_nor_repair(
    tmp_path: Path, damage: bytes
) -> None:
    path = filled(tmp_path, messages=3).parents[1] / "lock"
    path.write_bytes(damage)
    found = verify(Disk(), tmp_path, at=AT, release=RELEASE)
    assert not found.findings
    assert [(wrong.file, wrong.why) for wrong in found.caches] == [
        (str(path), "does not match its checksum")
    ]
    assert seen(Disk(), path) == 4, "the snapshot knew it, and went"
    path.write_bytes(damage)
    assert not repair(Disk(), tmp_path, at=AT, release=RELEASE, change=True).lost
    path.write_bytes(damage)
    with opened(tmp_path) as store:
        assert store.durable == 4


def test_a_lock_of_before_there_was_a_checksum_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(json.dumps({"pid": 1, "by": "a", "at": AT, "release": "0", "seq": 7}).encode())
    assert is_whole(Disk(), path)
    lock = taken(path)
    assert lock.seen == 7
    lock.close()
    assert json.loads(path.read_bytes())["sum"]


class Older(msgspec.Struct):
    """A holder as a release before the checksum knows it."""

    seq: int


def test_an_older_release_finds_what_it_knows_in_a_lock(tmp_path: Path) -> None:
    lock = taken(tmp_path / "lock")
    lock.note(41)
    lock.close()
    assert msgspec.json.decode((tmp_path / "lock").read_bytes(), type=Older).seq == 41


def test_a_lock_that_the_disk_does_not_give_is_not_left_open(tmp_path: Path) -> None:
    taken(tmp_path / "lock").close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="Input/output error"):
        taken(tmp_path / "lock", BadSector("lock"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
