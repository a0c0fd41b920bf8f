import os
import socket
from pathlib import Path

from pmrunnerd.services.journald import Journal
from pmrunnerd.sinks import Entries, Stream


def test_a_stream_whose_reader_has_gone_raises_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        assert Stream(write).write([b"to nobody\n"]) == [True]
    finally:
        os.close(write)


def test_a_stream_gets_what_is_said_together_in_one_piece() -> None:
    read, write = os.pipe()
    Stream(write).write([b"one\n", b"two\n"])
    os.close(write)
    with os.fdopen(read, "rb") as file:
        assert file.read() == b"one\ntwo\n"


def test_a_journal_gets_each_piece_by_itself_and_what_it_did_not_take_is_known(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "socket", patient=True)
    sink = Entries(journal)
    assert sink.write([b"A=1\n"]) == [False]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert sink.write([b"A=2\n", b"A=3\n"]) == [True, True]
        assert [listening.recv(100), listening.recv(100)] == [b"A=2\n", b"A=3\n"]
    journal.close()
