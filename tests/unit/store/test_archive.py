import errno
from pathlib import Path
from typing import IO

import pytest

from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.durable import Disk


def make(out: IO[bytes]) -> str:
    out.write(b"one ")
    out.write(b"two")
    return "made"


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("before")
    with pytest.raises(Refused, match="it is there already"):
        write_archive(Disk(), path, make, force=False)
    assert path.read_text() == "before"

    assert write_archive(Disk(), path, make, force=True) == "made"
    assert path.read_text() == "one two"
    assert path.stat().st_mode & 0o777 == 0o600


def test_on_a_full_disk_no_half_archive_is_left(tmp_path: Path) -> None:
    def full(out: IO[bytes]) -> None:
        make(out)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Unavailable, match="No space left"):
        write_archive(Disk(), tmp_path / "a", full, force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_missing_is_a_hint(tmp_path: Path) -> None:
    for force in (False, True):
        with pytest.raises(Unavailable, match="No such file") as failed:
            write_archive(Disk(), tmp_path / "none" / "a", make, force=force)
        assert failed.value.hint == f"mkdir -p {tmp_path / 'none'}"


def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(out: IO[bytes]) -> None:
        make(out)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(Disk(), tmp_path / "a", interrupted, force=False)
    assert list(tmp_path.iterdir()) == []
