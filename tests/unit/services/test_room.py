import subprocess
from pathlib import Path

import pytest

from pmrunnerd.services import room


def test_room_is_that_of_the_disk_which_the_state_is_on(tmp_path: Path) -> None:
    found = room.measure(tmp_path)
    said = subprocess.check_output(["df", "--output=avail", "-B1", tmp_path], text=True)
    assert found.disk == pytest.approx(int(said.split()[-1]), rel=0.1)
    assert found.memory is not None


def test_a_state_that_is_gone_is_no_room(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        room.free(tmp_path / "gone")
