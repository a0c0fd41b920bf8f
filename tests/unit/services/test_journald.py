import array
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services.journald import Journal, encode, is_ours


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    """Stands in the place of systemd's journal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.settimeout(20)
        yield listening


def test_a_journal_that_is_not_there_takes_nothing_and_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    sending = Journal(path, patient=True)
    assert not sending.send(b"MESSAGE=nobody\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        assert sending.send(b"MESSAGE=first\n")
    assert not sending.send(b"MESSAGE=its socket is there and nobody listens\n")
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        assert sending.send(b"MESSAGE=second\n")
        assert listening.recv(100) == b"MESSAGE=second\n"
    sending.close()


def test_who_is_not_patient_never_waits_for_a_journal_that_hangs(
    journal: socket.socket, tmp_path: Path
) -> None:
    sending = Journal(tmp_path / "socket")
    while sending.send(b"MESSAGE=" + b"x" * 1000 + b"\n"):
        pass
    assert not sending.send(b"MESSAGE=there is no room\n")
    journal.recv(4096)
    assert sending.send(b"MESSAGE=there is room\n")
    sending.close()


def test_what_no_datagram_holds_comes_as_a_file_that_nobody_can_change(
    journal: socket.socket, tmp_path: Path
) -> None:
    sending = Journal(tmp_path / "socket")
    entry = b"MESSAGE=" + b"x" * 4_000_000 + b"\n"
    assert sending.send(entry)
    files = array.array("i")
    data, ancillary, _, _ = journal.recvmsg(4096, socket.CMSG_LEN(files.itemsize))
    ((_, kind, rights),) = ancillary
    files.frombytes(rights)
    assert (data, kind) == (b"", socket.SCM_RIGHTS)
    with os.fdopen(files[0], "rb") as file:
        assert file.read() == entry or os.pread(file.fileno(), len(entry) + 1, 0) == entry
        seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
        wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        assert seals == wanted
    sending.close()


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("plain", b"A=plain\n"),
        ("", b"A=\n"),
        ("a=b\tc", b"A=a=b\tc\n"),
        ("käse", "A=käse\n".encode()),
        ("two\nlines", b"A\n\x09\0\0\0\0\0\0\0two\nlines\n"),
        ("x\nPRIORITY=0", b"A\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\n"),
        ("half \udce9", b"A=half \\udce9\n"),
    ],
)
def test_a_value_never_becomes_a_field_of_its_own(value: str, spelled: bytes) -> None:
    assert encode([("A", value)]) == spelled


def test_a_field_may_have_several_values() -> None:
    assert encode([("A", "1"), ("A", "2"), ("B", "3")]) == b"A=1\nA=2\nB=3\n"


@pytest.mark.parametrize("told", ["", "8:1", "nonsense"])
def test_a_variable_that_was_inherited_is_not_about_us(told: str) -> None:
    assert not is_ours({"JOURNAL_STREAM": told}, 0)
    assert not is_ours({}, 0)


def test_a_descriptor_that_is_closed_is_no_journal() -> None:
    words = "from pmrunnerd.services.journald import is_ours; import sys;"
    words += "sys.exit(is_ours({'JOURNAL_STREAM': '8:1'}, 2))"
    argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", words]
    assert subprocess.run(argv, check=False).returncode == 0


def test_the_stream_that_the_manager_made_is_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("wb") as stream:
        found = os.fstat(stream.fileno())
        told = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_ours(told, stream.fileno())
