import logging
import sys

import pytest

from pmrunnerd.services.logfmt import Line, event, quote
from tests.integration.logs import parse


def a_record(level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord("pmrunnerd.engine", level, "x.py", 1, message, (), None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "x"', r'"say \"x\""'),
        ("a=b", '"a=b"'),
        ("first\nsecond", r'"first\nsecond"'),
        ("\x1b[31mred", r'"\x1b[31mred"'),
        ("käse", "käse"),
    ],
)
def test_a_value_is_one_word_or_quoted_and_never_a_line_of_its_own(text: str, value: str) -> None:
    assert quote(text) == value


def test_a_terminal_gets_the_time_and_a_manager_the_priority() -> None:
    record = a_record(logging.WARNING, "disk is full")
    record.created, record.msecs = 1_700_000_000.5, 500.0
    said = 'level=warning where=pmrunnerd.engine msg="disk is full"'
    assert Line(managed=False).format(record) == f"time=2023-11-14T22:13:20.500Z {said}"
    assert Line(managed=True).format(record) == f"<4>{said}"


def test_a_traceback_stays_on_its_line() -> None:
    record = a_record(logging.ERROR, "oh")
    try:
        int("no\nno")
    except ValueError:
        record.exc_info = sys.exc_info()
    line = Line(managed=True).format(record)
    assert "\n" not in line
    assert line.startswith("<3>level=error where=pmrunnerd.engine msg=oh exception=")
    assert "ValueError: invalid literal" in line


def test_an_event_is_its_name_and_its_fields() -> None:
    said = event(
        "task-failed", logging.WARNING, {"task": "t7", "reason": "exit status 1", "ok": False}
    )
    line = Line(managed=True).format(said)
    assert line == '<4>level=warning event=task-failed task=t7 reason="exit status 1" ok=false'
    several = event("task-asked", logging.INFO, {"questions": ("q1", "q2")}, at=1_700_000_000.123)
    assert Line(managed=False).format(several) == (
        "time=2023-11-14T22:13:20.123Z level=info event=task-asked questions=q1,q2"
    )


@pytest.mark.parametrize("text", ["", "a b", 'q"uo\\te', "a=b", "käse", "x\ny\x00", "\u2028"])
def test_whatever_a_field_holds_is_read_back_from_one_line(text: str) -> None:
    line = Line(managed=True).format(event("x", logging.INFO, {"field": text, "next": "1"}))
    assert line.isprintable()
    found = parse(line)
    assert found["next"] == "1"
    if text.isprintable():
        assert found["field"] == text
