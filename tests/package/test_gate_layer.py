"""What a gate's own host may write over, and what of the machine it never opens; that it holds is tried in tests/system."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
gatelayer = importlib.import_module("gatelayer")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root marks and gives away layers")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with programs."""
    (tmp_path / "machine/usr/bin").mkdir(parents=True)
    (tmp_path / "machine/usr/bin/bake").write_text("cake")
    (tmp_path / "machine/bin").symlink_to("usr/bin")
    return tmp_path / "machine"


def laid(machine: Path) -> Path:
    gatelayer.lay(machine.parent / "tree", machine)
    return machine.parent / "tree/.layers"


def test_each_directory_of_the_machine_is_one_of_its_own_and_no_file_is(machine: Path) -> None:
    (machine / "usr/share/doc/bake").mkdir(parents=True)
    (machine / "usr/share/link").symlink_to("doc")
    layers = laid(machine)
    found = {path.relative_to(layers).as_posix() for path in layers.rglob("*")}
    assert found == {"usr", "usr/bin", "usr/share", "usr/share/doc", "usr/share/doc/bake"}


def test_one_of_old_has_more_than_one_layer(machine: Path) -> None:
    (machine / "bin").unlink()
    (machine / "bin").mkdir()
    (machine / "lib").mkdir()
    assert gatelayer.layered(machine) == ("usr", "bin", "lib")
    assert {path.name for path in laid(machine).iterdir()} == {"usr", "bin", "lib"}


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o750, 0o711, 0o744])
def test_what_the_machine_closes_is_not_opened(mode: int, machine: Path) -> None:
    """A directory of a layer belongs to the host: that of the machine would be open by it."""
    closed = machine / "usr/closed"
    (closed / "within").mkdir(parents=True)
    (closed / "open").write_text("for all who get so far")
    closed.chmod(mode)
    own = laid(machine) / "usr/closed"
    assert os.getxattr(own, "trusted.overlay.opaque") == b"y"
    assert list(own.iterdir()) == []
    assert own.stat().st_mode & 0o7777 == mode


@needs_root
def test_a_directory_stays_what_it_is_and_whose(machine: Path) -> None:
    (machine / "usr/fonts").mkdir()
    os.chown(machine / "usr/fonts", 0, 50)
    (machine / "usr/fonts").chmod(0o2775)
    own = (laid(machine) / "usr/fonts").stat()
    assert (own.st_uid, own.st_gid, own.st_mode & 0o7777) == (0, 50, 0o2775)


def test_what_is_mounted_below_it_is_shown_as_it_is(tmp_path: Path) -> None:
    lines = (
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "23 22 8:2 / /usr/local\\040too rw - ext4 /dev/sda2 rw",
        "24 22 8:3 / /usr rw - ext4 /dev/sda3 rw",
        "25 22 8:4 / /usrx/y rw - ext4 /dev/sda4 rw",
    )
    mounts = "".join(f"{line}\n" for line in lines)
    root = tmp_path / "root"
    (root / "usr/local too").mkdir(parents=True)
    assert list(gatelayer.mounted(("usr",), mounts, root)) == ["/usr/local too"]
    words = list(gatelayer.words(tmp_path / "tree", mounts, root))
    assert words[0] == "--inaccessible=/.layers"
    assert f"--overlay=/usr:{tmp_path}/layers/usr:/usr" in words
    assert words[-1] == "--bind-ro=/usr/local too"


@pytest.mark.parametrize(("mode", "shown"), [(0o700, []), (0o755, ["/usr/closed/by/disk"])])
def test_what_is_mounted_in_a_directory_that_the_machine_closes_is_not_opened(
    mode: int, shown: list[str], tmp_path: Path
) -> None:
    (tmp_path / "usr/closed/by/disk").mkdir(parents=True)
    (tmp_path / "usr/closed").chmod(mode)
    mounts = "23 22 8:2 / /usr/closed/by/disk rw - ext4 /dev/sda2 rw\n"
    assert list(gatelayer.mounted(("usr",), mounts, tmp_path)) == shown


def test_layers_that_cannot_be_shown_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with pytest.raises(gatelayer.CannotError, match="layers of its host cannot be laid: mount:"):
        gatelayer.show(tmp_path / "tree")
