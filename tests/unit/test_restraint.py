import logging
from typing import Any

import pytest

from pmrunnerd.restraint import MOST, REFUSALS, SPAN, Restraint


def record(event: str, **fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": event, "fields": fields})


def fields(of: logging.LogRecord) -> Any:
    return of.__dict__["fields"]


@pytest.mark.parametrize("event", sorted(REFUSALS))
def test_who_is_refused_again_and_again_fills_no_journal_and_is_counted(event: str) -> None:
    clock = [7.0]
    restraint = Restraint(lambda: clock[0])
    said = [restraint.filter(record(event)) for _ in range(MOST + 5)]
    assert said == [True] * MOST + [False] * 5

    clock[0] += SPAN
    later, after = record(event, by="anna"), record(event, by="anna")
    assert restraint.filter(later)
    assert fields(later) == {"by": "anna", "unsaid": 5}
    assert restraint.filter(after)
    assert fields(after) == {"by": "anna"}


def test_what_becomes_of_tasks_is_said_however_many_are_refused() -> None:
    restraint = Restraint(lambda: 7.0)
    for _ in range(MOST + 1):
        restraint.filter(record("request-refused"))
    assert all(restraint.filter(record("task-failed")) for _ in range(MOST * 2))
    assert restraint.filter(logging.makeLogRecord({"msg": "a remark of %s", "args": ("one",)}))
