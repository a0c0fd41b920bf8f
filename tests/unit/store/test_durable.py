import os
import stat
from pathlib import Path

import pytest

from pmrunnerd.store.durable import Disk
from tests.unit.store.parts import SlowWriter, SmallDisk


def test_a_write_goes_on_until_the_disk_took_everything(tmp_path: Path) -> None:
    SlowWriter().replace_file(tmp_path / "file", b"more than three bytes")

    assert (tmp_path / "file").read_bytes() == b"more than three bytes"
    assert SlowWriter().read_file(tmp_path / "file") == b"more than three bytes"


def test_a_replaced_file_is_private_unless_said_otherwise(tmp_path: Path) -> None:
    Disk().replace_file(tmp_path / "token", b"secret")
    Disk().replace_file(tmp_path / "spec", b"for the run host", mode=0o640)

    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spec").stat().st_mode) == 0o640


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    Disk().replace_file(tmp_path / "file", b"old")

    with pytest.raises(OSError, match="No space"):
        SmallDisk(room=2).replace_file(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"old"
    assert Disk().names(tmp_path) == ["file"]


def test_what_a_crashed_replacement_left_is_used_up_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half of it, and longer than what comes")
    Disk().replace_file(tmp_path / "file", b"whole")

    assert (tmp_path / "file").read_bytes() == b"whole"
    assert Disk().names(tmp_path) == ["file"]


def test_a_replaced_file_is_synced_before_it_takes_the_name(tmp_path: Path) -> None:
    order: list[str] = []

    class Watched(Disk):
        def sync(self, file: int) -> None:
            order.append("sync")
            super().sync(file)

        def rename(self, old: Path, new: Path) -> None:
            order.append("rename")
            super().rename(old, new)

        def sync_directory(self, path: Path) -> None:
            order.append("sync directory")
            super().sync_directory(path)

    Watched().replace_file(tmp_path / "file", b"content")

    assert order == ["sync", "rename", "sync directory"]


def test_a_symlink_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic links"):
        Disk().open(tmp_path / "lock", "create")


def test_directories_are_made_with_their_parents_and_twice_is_once(tmp_path: Path) -> None:
    for _ in range(2):
        Disk().make_directory(tmp_path / "a" / "b")

    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_file_in_the_way_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")

    with pytest.raises(FileExistsError):
        Disk().make_directory(tmp_path / "state")


def test_a_lock_is_had_once_and_is_free_when_its_file_is_closed(tmp_path: Path) -> None:
    disk = Disk()
    first, second = (disk.open(tmp_path / "lock", "create") for _ in range(2))

    assert disk.lock(first)
    assert not disk.lock(second)
    disk.close(first)
    assert disk.lock(second)
    disk.close(second)


def test_a_file_is_not_inherited_by_processes_that_we_start(tmp_path: Path) -> None:
    disk = Disk()
    file = disk.open(tmp_path / "lock", "create")

    assert not os.get_inheritable(file)
    disk.close(file)


def test_a_tree_is_removed_and_what_its_links_lead_to_is_not(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("stays")
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_text("goes")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "dangling").symlink_to(tmp_path / "nowhere")
    Disk().remove_tree(tmp_path / "tree")
    Disk().remove_tree(tmp_path / "tree")

    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (tmp_path / "outside" / "file").read_text() == "stays"


def test_what_is_free_becomes_less_by_what_is_written(tmp_path: Path) -> None:
    assert 0 < Disk().free(tmp_path) < 1 << 60


def test_what_cannot_be_read_is_named_though_the_kernel_was_given_a_number(tmp_path: Path) -> None:
    disk = Disk()
    directory = disk.open(tmp_path, "read")
    with pytest.raises(IsADirectoryError) as wrong:
        disk.read_at(directory, 1, 0)
    disk.close(directory)

    assert wrong.value.filename == str(tmp_path)
