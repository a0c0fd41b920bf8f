import asyncio
import contextlib
import fcntl
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.outlet import LIMIT, Outlet, configure
from pmrunnerd.services.entries import Entry
from pmrunnerd.services.journald import Journal
from pmrunnerd.services.logfmt import Line
from pmrunnerd.sinks import Entries, Stream
from tests.integration.logs import events

PLAIN = Line(managed=False)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A small pipe that blocks whoever writes to it while it is full."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    yield read, write
    for end in (read, write):
        with contextlib.suppress(OSError):
            os.close(end)


def everything(read: int, ends_with: bytes) -> bytes:
    said = b""
    while not said.endswith(ends_with):
        said += os.read(read, 65536)
    return said


def test_who_says_something_does_not_wait_for_a_pipe_that_is_full(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), PLAIN)
    for _ in range(100):
        outlet.say(b"x" * 1000 + b"\n")
    outlet.say(b"last\n")
    assert everything(read, b"last\n").count(b"x") == 100_000
    outlet.close(5)


def test_what_does_not_fit_is_counted_and_told_once_there_is_room(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), PLAIN)
    for _ in range(LIMIT // 1000 + 50):
        outlet.say(b"x" * 999 + b"\n")
    everything(read, b"x\n")
    while outlet._bytes > LIMIT // 2:
        # It counts what it wrote a moment after it wrote it: then nothing more comes.
        if select.select([read], [], [], 0.01)[0]:
            os.read(read, 65536)
    outlet.say(b"last\n")
    told = everything(read, b"last\n").decode().splitlines()
    (dropped,) = events("\n".join(line for line in told if "event=" in line))
    assert dropped["event"] == "lines-dropped"
    assert int(dropped["count"]) >= 50
    outlet.close(5)


def test_closing_waits_for_a_reader_so_long_and_no_longer(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), PLAIN)
    outlet.say(b"x" * 10_000 + b"\n")
    before = time.monotonic()
    outlet.close(0.05)
    assert time.monotonic() - before < 30
    everything(read, b"x\n")
    outlet.close(5)


def test_all_that_was_said_before_closing_is_written(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), PLAIN)
    outlet.say(b"one\n", b"two\n")
    outlet.close(5)
    outlet.say(b"too late\n")
    os.close(write)
    assert os.read(read, 100) == b"one\ntwo\n"
    assert os.read(read, 100) == b""


def test_a_reader_that_went_away_is_no_error(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.close(read)
    outlet = Outlet(Stream(write), PLAIN)
    outlet.say(b"to nobody\n")

    async def scenario() -> None:
        async with asyncio.timeout(180):
            await outlet.written()

    asyncio.run(scenario())
    outlet.close(5)


def test_a_descriptor_that_somebody_made_impatient_still_gets_everything(
    pipe: tuple[int, int],
) -> None:
    read, write = pipe
    os.set_blocking(write, False)
    outlet = Outlet(Stream(write), PLAIN)
    outlet.say(b"x" * 20_000 + b"\n")
    assert len(everything(read, b"x\n")) == 20_001
    outlet.close(5)


def test_what_is_said_together_is_written_in_one_piece(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), PLAIN)
    outlet.say(*(b"%d\n" % number for number in range(100)))
    assert os.read(read, 65536).count(b"\n") == 100
    outlet.close(5)


def test_a_manager_is_told_that_what_stopped_us_is_an_error(pipe: tuple[int, int]) -> None:
    read, write = pipe
    outlet = Outlet(Stream(write), Line(managed=True))
    outlet.report("pmrunnerd: cannot\n  hint: do that\n")
    outlet.report("")
    outlet.close(5)
    assert os.read(read, 100) == b"<3>pmrunnerd: cannot\n<3>  hint: do that\n"


def test_records_of_the_house_come_out_and_one_that_cannot_be_spelled_stops_nobody(
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    try:
        outlet = configure({"JOURNAL_STREAM": "8:1"}, {})
        logging.getLogger("a").warning("%d", "no number")
        logging.getLogger("a").warning("call-refused", extra={"fields": {"by": "anna"}})
        outlet.close(5)
    finally:
        root.handlers[:], logging.raiseExceptions = before[0], before[2]
        root.setLevel(before[1])
    assert capfd.readouterr().err == "<4>level=warning event=call-refused by=anna\n"


def test_its_thread_does_not_keep_a_process_from_its_end(pipe: tuple[int, int]) -> None:
    Outlet(Stream(pipe[1]), PLAIN)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "log")


FULL = """
import resource, sys
from pmrunnerd.services.logfmt import Line
from pmrunnerd.outlet import Outlet
from pmrunnerd.sinks import Stream

def room(size):
    # To grow beyond it fails like a full disk, for this process alone.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def said(*lines):
    outlet = Outlet(Stream(2), Line(managed=False))
    outlet.say(*(f"{line}\\n".encode() for line in lines))
    return outlet

room(150)
outlet = said("a" * 99)
outlet.say(b"b" * 99 + b"\\n")
while outlet._bytes:
    pass
outlet.say(b"lost\\n")
while outlet._bytes:
    pass
room(resource.RLIM_INFINITY)
outlet.say(b"c" * 9 + b"\\n")
outlet.say(b"d" * 9 + b"\\n")
outlet.close(5)
"""


def test_half_a_line_on_a_full_disk_is_not_taken_for_the_beginning_of_the_next(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as err:
        done = subprocess.run(
            [sys.executable, "-c", FULL],
            stderr=err,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            timeout=60,
            check=False,
        )

    assert done.returncode == 0
    assert log.read_text().splitlines() == ["a" * 99, "b" * 50, "c" * 9, "d" * 9]


def test_a_journal_that_is_away_costs_entries_which_are_counted_and_told_once_it_is_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "socket"
    with contextlib.closing(Journal(path, patient=True)) as sending:
        outlet = Outlet(Entries(sending), Entry({}))
        for _ in range(3):
            outlet.say(b"MESSAGE=lost\n")
            asyncio.run(outlet.written())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.settimeout(20)
            journal.bind(str(path))
            outlet.say(b"MESSAGE=it is back\n")
            dropped, back = journal.recv(4096), journal.recv(4096)
        outlet.close(5)
    assert b"PMRUNNER_EVENT=lines-dropped\n" in dropped
    assert b"PMRUNNER_COUNT=3\n" in dropped
    assert back == b"MESSAGE=it is back\n"


def test_a_journal_that_hangs_keeps_nobody(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with contextlib.closing(Journal(path, patient=True)) as sending:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(path))
            outlet = Outlet(Entries(sending), Entry({}))
            for _ in range(LIMIT // 1000 * 2):
                outlet.say(b"MESSAGE=" + b"x" * 1000 + b"\n")
            assert outlet._dropped > 0
            outlet.close(0.05)
        outlet.close(5)
