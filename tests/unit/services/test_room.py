import subprocess
from pathlib import Path

import pytest

from pmrunnerd.services import room
from tests.unit.shortage import on_a_disk


def test_room_is_that_of_the_disk_which_the_state_is_on(tmp_path: Path) -> None:
    found = room.measure(tmp_path)
    said = subprocess.check_output(["df", "--output=avail", "-B1", tmp_path], text=True)
    assert found.disk == pytest.approx(int(said.split()[-1]), rel=0.1)
    assert found.memory is not None


def test_a_state_that_is_gone_is_no_room(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        room.full(tmp_path / "gone")


def test_a_disk_with_no_room_or_no_inodes_is_full_and_one_with_some_is_not(tmp_path: Path) -> None:
    assert room.full(tmp_path) == ""
    code = "from pathlib import Path; from pmrunnerd.services.room import full; print(full(Path('/mnt')))"
    assert on_a_disk("size=128k", code) == ["the disk of /mnt is full: 128 KiB free"]
    assert on_a_disk("size=4m,nr_inodes=50", code) == ["the disk of /mnt is full: 49 inodes free"]
    assert on_a_disk("size=4m", code) == [""]
