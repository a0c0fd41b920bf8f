import errno
import os
from pathlib import Path

import pytest

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.salvage import Salvage
from pmrunnerd.store.segments import PAGE
from tests.unit.store.trouble import BadSector


def pages(directory: Path) -> Path:
    path = directory / "file"
    path.write_bytes(b"a" * PAGE + b"b" * PAGE + b"c" * 100)
    return path


def test_what_can_be_read_is_read_and_what_cannot_is_no_line(tmp_path: Path) -> None:
    disk = Salvage(BadSector("file", start=PAGE + 5, end=PAGE + 6))

    assert disk.read_file(pages(tmp_path)) == b"a" * PAGE + b"\xff" * PAGE + b"c" * 100
    assert disk.why(0, PAGE) == ""
    assert disk.why(PAGE - 1, PAGE + 1) == "Input/output error"
    assert disk.why(2 * PAGE, 2 * PAGE + 100) == ""


def test_a_piece_of_two_pages_of_which_one_is_gone_is_not_gone_as_a_whole(tmp_path: Path) -> None:
    disk = Salvage(BadSector("file", start=PAGE, end=PAGE + 1))
    file = disk.open(pages(tmp_path))

    assert disk.read_all(file, 10, PAGE - 5) == b"aaaaa\xff\xff\xff\xff\xff"
    assert disk.why(PAGE - 5, PAGE) == ""
    disk.close(file)


def test_of_the_last_page_no_more_is_gone_than_there_was(tmp_path: Path) -> None:
    disk = Salvage(BadSector("file", start=2 * PAGE))

    assert disk.read_file(pages(tmp_path))[2 * PAGE :] == b"\xff" * 100


def test_the_next_file_is_another_one(tmp_path: Path) -> None:
    disk = Salvage(BadSector("file"))
    disk.read_file(pages(tmp_path))
    (tmp_path / "other").write_bytes(b"whole")

    assert disk.read_file(tmp_path / "other") == b"whole"
    assert disk.gone == []


@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EACCES, errno.ESTALE])
def test_what_is_not_of_the_medium_says_nothing_about_the_file(tmp_path: Path, error: int) -> None:
    disk = Salvage(BadSector("file", error))
    with pytest.raises(OSError, match=os.strerror(error)):
        disk.read_file(pages(tmp_path))
    assert disk.gone == []


def test_nothing_is_written_to_what_is_lost(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Salvage(Disk()).write_file(tmp_path / "new", b"", "new")
