import asyncio
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.api import sockets
from pmrunnerd.model.errors import Refused
from tests.unit.shortage import no_descriptors


def test_a_stale_socket_is_replaced_and_an_answered_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sockets.bind_unix(path):
        first = path.stat().st_ino
        with pytest.raises(Refused, match=rf"cannot listen at {path}: pid \d+ .* answers there"):
            sockets.bind_unix(path)
        assert path.stat().st_ino == first
    with sockets.bind_unix(path), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(Refused, match="no socket"):
        sockets.bind_unix(path)
    assert path.read_text() == "precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="no socket"):
        sockets.bind_unix(tmp_path / "s")


def test_a_path_longer_than_an_address_works(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 100) / ("e" * 100)
    directory.mkdir(parents=True)
    with sockets.bind_unix(directory / "control.sock"), socket.socket(socket.AF_UNIX) as caller:
        descriptor = os.open(directory, os.O_PATH)
        caller.connect(f"/proc/self/fd/{descriptor}/control.sock")
        os.close(descriptor)


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_mode_does_not_depend_on_who_starts_us(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with sockets.bind_unix(tmp_path / "s"):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660
    finally:
        os.umask(before)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file or directory") as refused:
        sockets.bind_unix(tmp_path / "nowhere" / "s")
    assert refused.value.hint == f"ls -ld {tmp_path / 'nowhere'}"


def test_with_no_descriptor_left_it_is_refused_in_words(tmp_path: Path) -> None:
    with no_descriptors(), pytest.raises(Refused, match=r"control\.sock: Too many open files"):
        sockets.bind_unix(tmp_path / "control.sock")


def test_only_our_own_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sockets.bind_unix(path):
        mark = sockets.Mark(path)
    path.unlink()
    mark.remove()
    with sockets.bind_unix(path):
        pass
    other = sockets.Mark(path)
    (tmp_path / "keep").hardlink_to(path)  # so that its number is not given away again
    path.unlink()
    path.write_text("somebody else's")
    other.remove()
    assert path.exists()


def test_sockets_of_the_service_manager_are_taken_by_name_and_only_if_they_are_ours() -> None:
    everything = {
        "LISTEN_FDS": "2",
        "LISTEN_FDNAMES": "control:web",
        "LISTEN_PID": "1",
        "HOME": "x",
    }
    mine = dict(everything)
    assert sockets.inherited(mine) == {}
    assert mine == {"HOME": "x"}
    assert sockets.inherited({}) == {}


def test_a_handed_over_socket_is_used_and_not_passed_on() -> None:
    """In a process of its own, because the descriptors have fixed numbers."""
    script = """
import os, socket
from pmrunnerd.api.sockets import inherited
own = socket.socket(socket.AF_UNIX)
os.dup2(own.fileno(), 3)
given = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control", "LISTEN_PID": str(os.getpid())}
found = inherited(given)
assert list(found) == ["control"], found
assert found["control"].family == socket.AF_UNIX
assert not os.get_inheritable(3)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=180)


def test_a_port_can_be_had_once() -> None:
    with sockets.bind_tcp("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        sockets.bind_tcp("127.0.0.1", first.getsockname()[1])


def test_an_answer_does_not_wait_for_its_first_half_to_be_acknowledged() -> None:
    async def scenario() -> int:
        with sockets.bind_tcp("127.0.0.1", 0) as own:
            accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                near = writer.get_extra_info("socket")
                accepted.set_result(near.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                writer.transport.abort()

            server = await asyncio.start_server(look, sock=own)
            async with server:
                _, writer = await asyncio.open_connection(*own.getsockname()[:2])
                found = await accepted
                writer.transport.abort()
                return found

    assert asyncio.run(scenario()) == 1
