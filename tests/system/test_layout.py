"""Where the disk of a host is put, and what of other mounts it needs."""

from pathlib import Path

import pytest

from tests.system.layout import Layout, elsewhere, place

# id, parent, device, root, mount point, …
MOUNTS = """\
1 0 8:1 / / rw - ext4 /dev/disk rw
2 1 0:5 / /proc rw - proc proc rw
3 1 0:6 / /home rw - ext4 /dev/home rw
4 1 0:7 / /tmp/pytest-of-root rw - tmpfs tmpfs rw
5 1 8:2 / /a\\040volume rw - ext4 /dev/other rw
"""


def found(*paths: str) -> list[str]:
    return [str(path) for path in elsewhere(map(Path, paths), MOUNTS)]


def test_the_disk_hides_nothing_that_is_needed() -> None:
    assert place([Path("/home/person/checkout")]) == Path("/mnt")
    assert place([Path("/mnt/checkout")]) == Path("/media")
    with pytest.raises(RuntimeError, match="the tests lie in each of /mnt, /media, /srv"):
        place(map(Path, ["/mnt/a", "/media/b", "/srv/c"]))


def test_what_lies_on_the_root_needs_nothing() -> None:
    assert found("/opt/checkout", "/usr") == []


def test_what_lies_on_another_mount_is_needed_once() -> None:
    assert found("/a volume/checkout/.venv-test", "/a volume/checkout", "/usr") == [
        "/a volume/checkout"
    ]


def test_a_mount_below_another_one_is_needed_as_well() -> None:
    paths = ["/home/checkout", "/home/checkout-2", "/tmp/pytest-of-root/0"]

    assert found(*paths) == paths


def test_what_lies_where_a_host_has_something_of_its_own_is_needed() -> None:
    assert found("/tmp/checkout", "/tmp/checkout/.venv-test") == ["/tmp/checkout"]


def test_a_container_has_the_disk_and_all_that_is_apart() -> None:
    argv = Layout(Path("/mnt"), [Path("/a/b")]).container("name")

    assert argv[:4] == ["systemd-nspawn", "--quiet", "--boot", "--machine=name"]
    assert argv[4:6] == ["--directory", "/mnt/0/root"]
    assert argv[-1] == "--bind=/mnt/1/root:/a/b"
