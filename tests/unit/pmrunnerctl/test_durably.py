import os
import socket
import stat
from pathlib import Path

import pytest

from pmrunnerctl.durably import free, written
from pmrunnerctl.exits import Cannot, Exit


def test_a_file_has_its_name_when_it_is_whole_and_is_private(tmp_path: Path) -> None:
    with written(tmp_path / "a", force=False) as file:
        file.write(b"one")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    with (
        pytest.raises(Cannot, match="it is there already") as refused,
        written(tmp_path / "a", force=False),
    ):
        pass
    assert refused.value.exits is Exit.REFUSED
    with written(tmp_path / "a", force=True) as file:
        file.write(b"after")
    assert (tmp_path / "a").read_text() == "after"


def test_interrupted_it_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")

    def interrupted() -> None:
        with written(tmp_path / "a", force=True) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_directory_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with (
        pytest.raises(Cannot, match="No such file") as failed,
        written(tmp_path / "none" / "a", force=False),
    ):
        pass
    assert failed.value.exits is Exit.UNAVAILABLE
    assert failed.value.hint == f"mkdir -p {tmp_path / 'none'}"


def test_what_is_no_file_is_not_replaced_even_by_force(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/full")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(tmp_path / "s"))
        before = sorted((path.name, path.lstat().st_ino) for path in tmp_path.iterdir())
        for name in ("pipe", "device", "nowhere", "s"):
            with pytest.raises(Cannot) as refused, written(tmp_path / name, force=True):
                pass
            assert refused.value.exits is Exit.REFUSED
            assert "--force" not in refused.value.hint
    assert sorted((path.name, path.lstat().st_ino) for path in tmp_path.iterdir()) == before
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_where_a_link_leads_to_a_file_that_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(Cannot, match="it is there already"):
        free(tmp_path / "link", force=False)
    with written(tmp_path / "link", force=True) as file:
        file.write(b"after")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text() == "after"


def test_a_directory_that_takes_no_file_is_not_to_be_made() -> None:
    with pytest.raises(Cannot) as failed, written(Path("/proc/x.tgz"), force=False):
        pass

    assert failed.value.hint == "df -hT /proc"
