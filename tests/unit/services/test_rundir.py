import json
import os
import resource
import signal
import stat
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.progress import AnyProgress, Finished, Output
from pmrunnerd.services.rundir import CannotReport, EventWriter, RunDirectory
from tests.unit.services.parts import spec


def _output(text: str) -> Output:
    return Output(at="2026-11-24T12:30:00.123Z", stream="stdout", text=text)


def _directory(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path / "r1-4f2a")
    directory.path.mkdir()
    return directory


def _write(directory: RunDirectory, *reports: AnyProgress) -> None:
    writer = EventWriter(directory)
    for report in reports:
        writer.write(report)
    writer.close()


def test_a_spec_comes_back_as_it_was_written_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "runs" / "r1-4f2a")
    told = spec(tmp_path, "echo ü", trailers=(("A", "b"),))

    directory.write_spec(told)

    assert directory.read_spec() == told
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.spec.stat().st_mode) == 0o600


def test_a_second_spec_of_a_run_is_refused(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "r1-4f2a")
    directory.write_spec(spec(tmp_path))

    with pytest.raises(Refused, match="it has one already"):
        directory.write_spec(spec(tmp_path, "other"))
    assert directory.read_spec().text == "true"


def test_a_spec_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    with pytest.raises(NotFound, match=r"spec\.json"):
        directory.read_spec()
    directory.spec.write_text('{"environment": 1}')
    with pytest.raises(Refused, match="environment"):
        directory.read_spec()


def test_reports_are_read_page_by_page_from_any_cursor(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    said = [_output(f"line {number}\n") for number in range(10)]
    _write(directory, *said)

    assert not RunDirectory(tmp_path / "r2").has_begun()
    assert directory.has_begun()
    everything = directory.read(0, 100)
    assert [report for _, report in everything] == said
    assert everything[-1][0] == directory.events.stat().st_size
    page = directory.read(everything[2][0], 3)
    assert page == everything[3:6]
    assert directory.read(everything[-1][0], 3) == []


def test_there_is_nothing_to_read_where_nothing_is_and_beyond_the_end(tmp_path: Path) -> None:
    directory = _directory(tmp_path)

    assert directory.read(0, 10) == []
    _write(directory, _output("x"))
    # A power cut can take more of the file than of what was recorded about it.
    assert directory.read(100_000, 10) == []


def test_only_the_beginning_and_the_end_of_a_line_are_a_cursor(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    assert directory.is_cursor(0)
    assert not directory.is_cursor(1)
    directory.events.write_bytes(b"one\ntwo\nhal")
    assert [n for n in range(20) if directory.is_cursor(n)] == [0, 4, 8]
    assert not directory.is_cursor(1 << 70)


def test_a_file_cut_at_any_byte_shows_its_whole_lines_and_goes_on_where_it_stopped(
    tmp_path: Path,
) -> None:
    directory = _directory(tmp_path)
    _write(directory, _output("eins\n"), _output("zwei ü\n"), _output("drei\n"))
    whole = directory.events.read_bytes()
    expected = directory.read(0, 10)

    for cut in range(len(whole)):
        directory.events.write_bytes(whole[:cut])
        first = directory.read(0, 10)
        assert first == [pair for pair in expected if pair[0] <= cut]
        directory.events.write_bytes(whole)
        cursor = first[-1][0] if first else 0
        assert first + directory.read(cursor, 10) == expected


def _pages(directory: RunDirectory) -> list[AnyProgress]:
    """Return all reports, a page after the other."""
    cursor, read = 0, list[AnyProgress]()
    while page := directory.read(cursor, 256):
        read += [report for _, report in page]
        cursor = page[-1][0]
    return read


@given(st.lists(st.text(max_size=50), max_size=30), st.integers(1, 5))
def test_any_text_comes_back_whatever_the_page(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], limit: int
) -> None:
    directory = _directory(tmp_path_factory.mktemp("run"))
    _write(directory, *map(_output, texts))
    cursor, read = 0, []
    while page := directory.read(cursor, limit):
        assert len(page) <= limit
        read += [report for _, report in page]
        cursor = page[-1][0]

    assert read == [_output(text) for text in texts]


def test_a_line_longer_than_a_page_is_read_whole(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    long = _output("\0" * 300_000)  # six bytes each, in JSON
    _write(directory, _output("a"), long, _output("b"))

    assert _pages(directory) == [_output("a"), long, _output("b")]


def test_long_reports_are_read_a_few_at_a_time_so_that_many_take_no_memory(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    said = [_output(f"{number:064000}") for number in range(100)]
    _write(directory, *said)
    tracemalloc.start()
    try:
        cursor = 0
        while page := directory.read(cursor, 256):
            cursor = page[-1][0]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert cursor == directory.events.stat().st_size
    assert peak < 1 << 20
    assert _pages(directory) == said


def test_what_a_newer_run_host_says_is_skipped_and_the_rest_is_read(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    known = msgspec.json.encode(_output("known")).decode()
    newer = json.loads(known) | {"invented": [1, 2]}
    lines = [json.dumps({"event": "levitated", "at": "x"}), "no json", "", json.dumps(newer), known]
    directory.events.write_text("".join(f"{line}\n" for line in lines))

    # One page, although the limit is smaller than what has to be skipped.
    assert [report for _, report in directory.read(0, 1)] == [_output("known")]
    assert [report for _, report in directory.read(0, 9)] == [_output("known")] * 2


def test_a_report_that_does_not_fit_on_the_disk_is_taken_back_and_is_the_last(
    tmp_path: Path,
) -> None:
    directory = _directory(tmp_path)
    writer = EventWriter(directory)
    writer.write(_output("fits"))
    size = directory.events.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(CannotReport, match="File too large"):
            writer.write(_output("does not fit"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert directory.events.stat().st_size == size
    with pytest.raises(CannotReport, match="earlier report"):
        writer.write(Finished(at="", outcome=Outcome.SUCCEEDED))
    writer.close()
    assert [report for _, report in directory.read(0, 9)] == [_output("fits")]


def test_what_is_written_is_there_at_once_and_can_be_made_durable(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    writer = EventWriter(directory)
    writer.write(_output("x"))
    writer.sync()

    assert len(directory.read(0, 9)) == 1
    assert stat.S_IMODE(directory.events.stat().st_mode) == 0o600
    writer.close()


def test_a_link_in_the_place_of_the_events_is_not_followed(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    directory.events.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        EventWriter(directory)
    assert not os.path.lexists(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "line",
    [
        b'{"event":"output","at":"","stream":"","text":"","new":' + b"[" * 100_000,
        b"[" * 100_000,
        b"\xff\xfe",
        b"\0" * 1000,
        b'{"event":"output","at":"","stream":"x","text":"\\ud800"}',
        b'{"event":"finished","at":"","outcome":"failed","status":' + b"9" * 5000 + b"}",
    ],
    ids=["nested", "all nested", "no text", "zeros", "half a character", "a huge number"],
)
def test_no_content_of_a_report_is_an_error(tmp_path: Path, line: bytes) -> None:
    directory = RunDirectory(tmp_path / "r1-4f2a")
    directory.path.mkdir()
    good = b'{"event":"output","at":"","stream":"stdout","text":"on"}\n'
    directory.events.write_bytes(line + b"\n" + good)

    ((cursor, said),) = directory.read(0, 10)
    assert said == Output(at="", stream="stdout", text="on")
    assert cursor == len(line) + 1 + len(good)
