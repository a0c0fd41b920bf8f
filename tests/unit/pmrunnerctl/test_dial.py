import os
import socket
from pathlib import Path

import pytest

from pmrunnerctl.dial import LONGEST_ADDRESS, dial, why
from tests.fakes.daemon import FakeDaemon


def holds(directory: Path) -> bool:
    """Tell whether a descriptor of this process leads to a directory."""
    links = [os.fspath(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return os.fspath(directory) in links


def test_a_path_of_any_length_is_connected_to(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with (
        FakeDaemon(deep / "control.sock") as daemon,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller,
    ):
        assert len(os.fsencode(daemon.path)) > LONGEST_ADDRESS
        dial(caller, daemon.path)

        assert daemon.path.name in caller.getpeername()
        assert not holds(deep)


@pytest.mark.parametrize("depth", [0, 100])
def test_nobody_there_is_an_error_of_the_operating_system(tmp_path: Path, depth: int) -> None:
    path = tmp_path / ("d" * depth) / "control.sock"
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(FileNotFoundError) as caught:
        dial(caller, path)

    assert why(caught.value) == "no such file or directory"
