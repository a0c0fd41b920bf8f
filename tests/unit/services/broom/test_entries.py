import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services.broom import entries
from pmrunnerd.services.broom.errand import Errand
from tests.unit.services.sweeping import later


@pytest.fixture
def here(tmp_path: Path) -> Iterator[int]:
    here = os.open(tmp_path, entries.DIRECTORY)
    yield here
    os.close(here)


def test_what_is_no_file_has_no_content_and_nobody_waits_for_it(tmp_path: Path, here: int) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert entries.read(b"file", here) == b"x"
    for name in (b"link", b"directory", b"pipe", b"nothing"):
        assert entries.read(name, here) is None


def test_nothing_is_written_over_a_file_or_through_a_link(tmp_path: Path, here: int) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "file").write_bytes(b"x")
    for name in (b"link", b"file"):
        with pytest.raises(FileExistsError):
            entries.write(name, b"y", here)

    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_link_is_found_and_what_it_leads_to_is_not(tmp_path: Path, here: int) -> None:
    (tmp_path / "link").symlink_to(".")
    found = entries.find(b"link", here)

    assert entries.is_other(found)
    assert not entries.is_directory(found)
    assert entries.find(b"nothing", here) is None
    assert not entries.is_other(None)


def test_rights_come_back_on_a_directory_of_the_run_s_and_on_no_other(
    tmp_path: Path, here: int
) -> None:
    shut, file = tmp_path / "shut", tmp_path / "file"
    shut.mkdir(mode=0)
    file.touch(mode=0)
    for since, mode in ((later(shut) + 60, 0), (0.0, 0o700)):
        for name in (b"shut", b"file"):
            entries.own(name, here, Errand(b"", since, b"", frozenset()))
        assert stat.S_IMODE(shut.stat().st_mode) == mode
        assert stat.S_IMODE(file.stat().st_mode) == 0


def test_a_path_has_directories_above_it_the_outermost_first() -> None:
    assert entries.above(b"refs/heads/a") == [b"refs", b"refs/heads"]
    assert entries.above(b"a") == []
