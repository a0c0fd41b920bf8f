import errno
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Refused
from pmrunnerd.runhost.reasons import explain

RUN = Path("/runs/r1-4f2a")


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({}, "runhost.log"),
        ({"JOURNAL_STREAM": "8:1"}, "journalctl -u 'pm-runner-run@*-r1-4f2a.service'"),
    ],
)
def test_a_bug_of_ours_is_called_one_with_the_place_of_its_traceback(
    environment: dict[str, str], where: str
) -> None:
    found = explain(ValueError("x"), RUN, environment)

    assert found.outcome is Outcome.FAILED
    assert found.reason == f"cannot go on: this is a bug in pm-runner; see {where}"


def test_a_full_disk_is_an_interruption_and_says_what_is_full() -> None:
    for full in (OSError(errno.ENOSPC, "x", "/w/a"), OSError(errno.EDQUOT, "x")):
        found = explain(full, RUN, {})

        assert found.outcome is Outcome.INTERRUPTED
        assert found.reason == f"no space left on {full.filename or RUN}"


def test_what_an_operator_can_change_comes_with_its_hint() -> None:
    assert explain(Refused("cannot x: y", hint="z"), RUN, {}).reason == "cannot x: y; z"
    assert explain(Refused("cannot x: y"), RUN, {}).reason == "cannot x: y"
