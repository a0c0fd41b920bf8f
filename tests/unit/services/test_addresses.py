import socket
from pathlib import Path

import pytest

from pmrunnerd.services import addresses


def test_a_directory_that_is_not_there_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), addresses.held(tmp_path / "gone"):
        pass


def test_a_socket_is_made_where_its_whole_path_is_longer_than_an_address(tmp_path: Path) -> None:
    directory = tmp_path / ("x" * 120)
    directory.mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with (
        socket.socket(socket.AF_UNIX) as door,
        socket.socket(socket.AF_UNIX) as caller,
        addresses.held(directory) as held,
    ):
        door.bind(addresses.within(held, "door"))
        door.listen()
        caller.connect(addresses.within(held, "door"))

    assert (directory / "door").is_socket()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
