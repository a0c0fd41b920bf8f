import os
import subprocess
import sys
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
        room.full(tmp_path / "gone")


def test_a_disk_with_no_room_or_no_inodes_is_full_and_one_with_some_is_not(tmp_path: Path) -> None:
    assert room.full(tmp_path) == ""
    assert mounted("size=128k") == "the disk of /mnt is full: 128 KiB free"
    assert mounted("size=4m,nr_inodes=50") == "the disk of /mnt is full: 49 inodes free"
    assert mounted("size=4m") == ""


def mounted(options: str) -> str:
    """Return what is said of a disk of our own, in a mount namespace that ends with us."""
    code = "from pathlib import Path; from pmrunnerd.services.room import full; print(full(Path('/mnt')))"
    script = 'mount -t tmpfs -o "$1" none /mnt && exec "$2" -c "$3"'
    private = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    done = subprocess.run(
        [*private, "sh", "-c", script, "sh", options, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("a private mount namespace is not allowed here")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
