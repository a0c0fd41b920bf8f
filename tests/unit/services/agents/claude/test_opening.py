"""A session is told its task once, what is news once, and nothing where its question is repeated."""

from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model import progress as pr
from pmrunnerd.model.questions import ALLOW_ONCE, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude.opening import opening
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.session import Pending
from pmrunnerd.services.restoring import Restored
from tests.unit.services.agents.claude.test_worker import answered, job

NOTHING = Pending({}, replays=False)
WAITS = Pending({"a": (pr.Asked(at="", text="Which?", key="a"),)}, replays=True)
LEFT = Pending(WAITS.calls, replays=False)


def told(tmp_path: Path, pending: Pending, *, resumes: bool = True, **more: Any) -> list[str]:
    given = job(tmp_path, walls=False, **more)
    permissions = Permissions(given.spec.answers, given.spec.workspace)
    return opening(given, pending, permissions, resumes=resumes)


def test_a_new_session_is_told_its_task(tmp_path: Path) -> None:
    (prompt,) = told(tmp_path, NOTHING, resumes=False)

    assert "<task>\nDo it.\n</task>" in prompt


def test_a_session_that_waits_for_an_answer_is_told_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, WAITS) == [""]


def test_a_decision_is_told_after_the_answer_that_was_waited_for(tmp_path: Path) -> None:
    first, second = told(
        tmp_path, WAITS, earlier=("r1",), answers=(answered(Kind.PERMISSION, ALLOW_ONCE),)
    )

    assert first == ""
    assert "It is allowed; do it again now." in second


@pytest.mark.parametrize("pending", [NOTHING, LEFT], ids=["no call", "one that is not repeated"])
def test_an_answer_whose_call_is_lost_is_told_in_words(tmp_path: Path, pending: Pending) -> None:
    known = Answered(question="Which?", answer="cherry", run="r1", news=True, key="a")

    words = "You asked: Which?\nA person answers: cherry"
    assert told(tmp_path, pending, earlier=("r1",), answers=(known,)) == [words]
    (prompt,) = told(tmp_path, pending, resumes=False, earlier=("r1",), answers=(known,))
    assert prompt.endswith(words)


def test_an_answer_that_its_call_got_or_gets_is_not_told_in_words(tmp_path: Path) -> None:
    known = Answered(question="Which?", answer="cherry", run="r1", news=True, key="a")
    heard = Pending({}, replays=False, heard=frozenset({"a"}))

    assert told(tmp_path, WAITS, earlier=("r1",), answers=(known,)) == [""]
    (prompt,) = told(tmp_path, heard, earlier=("r1",), answers=(known,))
    assert "cherry" not in prompt


def test_an_interrupted_session_is_told_to_look_first(tmp_path: Path) -> None:
    (prompt,) = told(tmp_path, NOTHING, earlier=("r1",), interrupted=("r1",))

    assert prompt.startswith("You were interrupted.")


def test_what_could_not_be_put_back_is_told_even_with_an_answer(tmp_path: Path) -> None:
    gone = Restored("refs/pm-runner/runs/r1", there=False)

    assert "git show refs/pm-runner/runs/r1" in told(tmp_path, NOTHING, restored=gone)[0]
    assert "git show refs/pm-runner/runs/r1" in told(tmp_path, WAITS, restored=gone)[1]
    back = Restored("refs/pm-runner/runs/r1", there=True)
    assert "git show" not in told(tmp_path, NOTHING, restored=back)[0]


def test_what_a_person_said_to_the_findings_is_told(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.")

    (prompt,) = told(tmp_path, NOTHING, earlier=("r1",), answers=(said,))

    assert "Leave b out." in prompt


def test_what_a_person_said_is_told_whatever_ended_without_a_session_since(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.")

    (prompt,) = told(tmp_path, NOTHING, earlier=("r1", "r2"), answers=(said,))
    assert "Leave b out." in prompt
    # The session itself may be what is lost.
    (prompt,) = told(tmp_path, NOTHING, resumes=False, earlier=("r1",), answers=(said,))
    assert "Leave b out." in prompt


def test_what_a_person_said_is_told_once(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.", news=False)

    (prompt,) = told(tmp_path, NOTHING, earlier=("r1", "r2"), answers=(said,))

    assert "Leave b out." not in prompt
