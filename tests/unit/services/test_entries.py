import logging
import socket
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.catalog import MESSAGE_IDS
from pmrunnerd.services.entries import Entry, Handler
from pmrunnerd.services.journald import Journal
from pmrunnerd.services.logfmt import event

BASE = {"PMRUNNER_ENV": "prod", "PMRUNNER_RELEASE": "1"}


def lines(entry: bytes) -> list[str]:
    return entry.decode().splitlines()


def a_remark(level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord("pmrunnerd.engine", level, "/lib/x.py", 7, message, (), None, "turn")


def test_an_event_has_its_identifier_and_each_of_its_fields() -> None:
    said = event("run-ended", logging.WARNING, {"commit": 8, "run": "r1-4f2a", "outcome": "failed"})
    assert lines(Entry(BASE).piece(said)) == [
        "PMRUNNER_ENV=prod",
        "PMRUNNER_RELEASE=1",
        "PRIORITY=4",
        "PMRUNNER_EVENT=run-ended",
        f"MESSAGE_ID={MESSAGE_IDS['run-ended']}",
        "PMRUNNER_COMMIT=8",
        "PMRUNNER_RUN=r1-4f2a",
        "PMRUNNER_OUTCOME=failed",
        "MESSAGE=run-ended commit=8 run=r1-4f2a outcome=failed",
    ]


def test_an_event_without_fields_is_its_name() -> None:
    assert lines(Entry({}).piece(event("drained", logging.INFO, {})))[-1] == "MESSAGE=drained"


def test_what_an_event_says_itself_is_said_once() -> None:
    said = lines(Entry(BASE).piece(event("daemon-started", logging.INFO, {"release": "2"})))
    assert [line for line in said if "RELEASE" in line] == ["PMRUNNER_RELEASE=2"]


def test_an_event_about_several_tasks_is_in_the_story_of_each() -> None:
    said = lines(Entry({}).piece(event("plan-drafted", logging.INFO, {"task": ("t1", "t2")})))
    assert [line for line in said if line.startswith("PMRUNNER_TASK")] == [
        "PMRUNNER_TASK=t1",
        "PMRUNNER_TASK=t2",
    ]
    assert said[-1] == "MESSAGE=plan-drafted task=t1,t2"


def test_a_fact_of_a_newer_release_has_a_name_and_no_identifier() -> None:
    said = lines(Entry({}).piece(event("moon-landed", logging.INFO, {})))
    assert said == ["PRIORITY=6", "PMRUNNER_EVENT=moon-landed", "MESSAGE=moon-landed"]


def test_a_remark_says_where_it_stands() -> None:
    assert lines(Entry({}).piece(a_remark(logging.WARNING, "disk is full"))) == [
        "PRIORITY=4",
        "PMRUNNER_WHERE=pmrunnerd.engine",
        "CODE_FILE=/lib/x.py",
        "CODE_LINE=7",
        "CODE_FUNC=turn",
        "MESSAGE=disk is full",
    ]


def test_a_remark_that_is_an_error_is_a_bug_with_its_exception_in_a_field() -> None:
    record = a_remark(logging.ERROR, "oh")
    try:
        int("no")
    except ValueError:
        record.exc_info = sys.exc_info()
    said = Entry({}).piece(record).decode(errors="replace")
    assert f"PMRUNNER_EVENT=bug\nMESSAGE_ID={MESSAGE_IDS['bug']}\n" in said
    assert "EXCEPTION_TEXT\n" in said
    assert "Traceback (most recent call last)" in said
    assert said.endswith("MESSAGE=oh: ValueError\n")


def test_what_stopped_us_is_one_entry_with_its_hint() -> None:
    (said,) = Entry(BASE).report("pmrunnerd: cannot\n  hint: do that\n")
    assert b"PRIORITY=3\n" in said
    assert f"MESSAGE_ID={MESSAGE_IDS['ended-badly']}\n".encode() in said
    assert said.endswith(b"pmrunnerd: cannot\n  hint: do that\n")
    assert list(Entry(BASE).report("")) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_handler_gives_records_to_the_journal_and_one_that_is_away_or_a_record_that_is_none_harm_nobody(
    tmp_path: Path, there: bool
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        if there:
            listening.bind(str(tmp_path / "socket"))
        before, logging.raiseExceptions = logging.raiseExceptions, False
        handler = Handler(Entry({"PMRUNNER_RUN": "r1"}), Journal(tmp_path / "socket"))
        try:
            handler.emit(
                logging.LogRecord("a", logging.INFO, "x.py", 1, "%d", ("no number",), None)
            )
            handler.emit(a_remark(logging.INFO, "it goes on"))
        finally:
            logging.raiseExceptions = before
            handler.close()
        if there:
            listening.settimeout(20)
            assert lines(listening.recv(4096))[::6] == ["PMRUNNER_RUN=r1", "MESSAGE=it goes on"]
