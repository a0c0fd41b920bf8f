import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.services import lockfile

HOLDER = """
import os, sys
from pmrunnerd.services import lockfile
lock = lockfile.take(__import__("pathlib").Path(sys.argv[1]))
lockfile.sign(lock)
print("held", flush=True)
sys.stdin.read()
"""


def _holder(path: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_lock_is_one_s_until_that_one_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not lockfile.is_held(path)
    with _holder(path) as holder:
        assert lockfile.is_held(path)
        assert lockfile.take(path) is None
        holder.kill()
        holder.wait()
        assert not lockfile.is_held(path)


def test_looking_at_a_lock_does_not_take_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    file = lockfile.take(path)
    assert file is not None
    os.close(file)
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)

        assert not lockfile.is_held(path)


def test_the_holder_is_named_by_a_descriptor_that_cannot_become_somebody_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    with _holder(path) as holder:
        file = lockfile.holder(path)
        assert file is not None
        said = Path(f"/proc/self/fdinfo/{file}").read_text()
        assert f"Pid:\t{holder.pid}\n" in said
        os.close(file)
        holder.kill()
        holder.wait()
        assert lockfile.holder(path) is None


def test_a_number_that_passed_to_another_process_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text(f"{os.getpid()}\n")

    # We live, but the lock is not held: whoever signed with this number is dead.
    assert lockfile.holder(path) is None


@pytest.mark.parametrize("text", ["", "12", "x\n", "-1\n", "1 2\n"])
def test_half_a_signature_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock"
    file = lockfile.take(path)
    assert file is not None
    path.write_text(text)

    assert lockfile.holder(path) is None
    os.close(file)


def test_a_lock_changes_hands_without_a_moment_when_nobody_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    file = lockfile.take(path)
    assert file is not None
    handed = os.dup(file)
    os.set_inheritable(handed, True)
    os.close(file)
    assert lockfile.is_held(path)

    lockfile.adopt(handed)

    assert not os.get_inheritable(handed)
    assert lockfile.is_held(path)
    os.close(handed)
    assert not lockfile.is_held(path)


def test_a_descriptor_that_is_not_the_lock_is_not_adopted(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    file = lockfile.take(path)
    assert file is not None
    with path.open() as other, pytest.raises(BlockingIOError):
        lockfile.adopt(other.fileno())
    os.close(file)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        lockfile.take(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()
