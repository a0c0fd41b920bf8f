"""A session is told its task once, what is news once, and nothing where its question is repeated."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model import progress as pr
from pmrunnerd.model.questions import ALLOW_ONCE, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude.opening import in_words, opening
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.waiting import Use, Waiting
from pmrunnerd.services.restoring import Restored
from tests.unit.services.agents.claude.test_worker import answered, job
from tests.unit.services.agents.parts import session_spec as spec

WHICH = (pr.Asked(at="", text="Which?", key="a"),)
NOTHING = Waiting({})
WAITS = Waiting({"a": WHICH}, again="a")
LEFT = Waiting({"a": WHICH})
BOTH = Waiting({"b": WHICH, "a": WHICH}, again="a")
ANSWER = Answered(question="Which?", answer="cherry", run="r1", news=True, key="a")


def told(tmp_path: Path, waits: Waiting, *, resumes: bool = True, **more: Any) -> str:
    given = job(tmp_path, walls=False, **more)
    permissions = Permissions(given.spec.answers, given.spec.workspace)
    return opening(given, waits, permissions, resumes=resumes)


def test_a_new_session_is_told_its_task(tmp_path: Path) -> None:
    prompt = told(tmp_path, NOTHING, resumes=False)

    assert "<task>\nDo it.\n</task>" in prompt


def test_a_session_that_waits_for_an_answer_is_told_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, WAITS) == ""


def test_where_something_else_is_news_the_answer_is_told_in_words_with_it(tmp_path: Path) -> None:
    may = answered(Kind.PERMISSION, ALLOW_ONCE)

    words = told(tmp_path, WAITS, earlier=("r1",), answers=(ANSWER, may))

    assert words.startswith("You asked: Which?\nA person answers: cherry\n")
    assert "It is allowed; do it again now." in words


def test_where_two_calls_wait_both_answers_are_told_in_words(tmp_path: Path) -> None:
    other = replace(ANSWER, question="What name?", answer="Bob", key="b")

    words = told(tmp_path, BOTH, earlier=("r1",), answers=(other, ANSWER))

    assert words == (
        "You asked: What name?\nA person answers: Bob\nYou asked: Which?\nA person answers: cherry"
    )


def test_an_answer_that_its_call_waits_for_is_told_though_another_session_was(
    tmp_path: Path,
) -> None:
    known = replace(ANSWER, news=False)

    assert "cherry" in told(tmp_path, BOTH, earlier=("r1",), answers=(known,))


def test_the_calls_that_are_answered_in_words_are_those_that_nobody_has_heard_of() -> None:
    may = answered(Kind.PERMISSION, ALLOW_ONCE)
    given = spec(answers=(ANSWER, replace(ANSWER, key="h"), replace(ANSWER, key=""), may))
    waits = Waiting({}, again="b", heard=frozenset({"h"}))

    assert in_words(given, waits) == ["a", "b"]


def test_what_was_cut_off_and_nobody_was_asked_about_is_said_to_be_refused_by_nobody(
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "workspace/.mcp.json")
    cut = {
        "a": Use("AskUserQuestion", {}),
        "b": Use("AskUserQuestion", {}),
        "c": Use("Write", {"file_path": file, "content": "{}"}),
        "d": Use("Bash", {"command": "echo one\necho two"}),
    }
    may = Answered(
        question="May it?",
        answer=ALLOW_ONCE,
        kind=Kind.PERMISSION,
        run="r1",
        news=True,
        key=f"Write\n{file}",
    )

    of_before = replace(ANSWER, key="")
    known = (ANSWER, may, of_before)
    words = told(tmp_path, Waiting({}, cut=cut), earlier=("r1",), answers=known)

    assert "What else you had called in it was refused by nobody" in words
    assert [line for line in words.splitlines() if line.startswith("- ")] == [
        "- AskUserQuestion",
        "- Bash: echo one echo two",
    ]


def test_what_was_cut_off_is_told_also_where_nobody_could_be_asked(tmp_path: Path) -> None:
    cut = Waiting({}, cut={"d": Use("Bash", {"command": "make"})})

    words = told(tmp_path, cut, earlier=("r1",), interrupted=("r1",))

    assert words.startswith("You were interrupted.")
    assert "- Bash: make" in words


@pytest.mark.parametrize("waits", [NOTHING, LEFT], ids=["no call", "one that is not repeated"])
def test_an_answer_whose_call_is_lost_is_told_in_words(tmp_path: Path, waits: Waiting) -> None:
    words = "You asked: Which?\nA person answers: cherry"
    assert told(tmp_path, waits, earlier=("r1",), answers=(ANSWER,)) == words
    prompt = told(tmp_path, waits, resumes=False, earlier=("r1",), answers=(ANSWER,))
    assert prompt.endswith(words)


def test_an_answer_that_its_call_got_or_gets_is_not_told_in_words(tmp_path: Path) -> None:
    heard = Waiting({}, heard=frozenset({"a"}))

    assert told(tmp_path, WAITS, earlier=("r1",), answers=(ANSWER,)) == ""
    assert "cherry" not in told(tmp_path, heard, earlier=("r1",), answers=(ANSWER,))


def test_an_interrupted_session_is_told_to_look_first(tmp_path: Path) -> None:
    prompt = told(tmp_path, NOTHING, earlier=("r1",), interrupted=("r1",))

    assert prompt.startswith("You were interrupted.")


def test_what_could_not_be_put_back_is_told_even_with_an_answer(tmp_path: Path) -> None:
    gone = Restored("refs/pm-runner/runs/r1", there=False)

    assert "git show refs/pm-runner/runs/r1" in told(tmp_path, NOTHING, restored=gone)
    words = told(tmp_path, WAITS, answers=(ANSWER,), restored=gone)
    assert "git show refs/pm-runner/runs/r1" in words
    assert "A person answers: cherry" in words
    back = Restored("refs/pm-runner/runs/r1", there=True)
    assert "git show" not in told(tmp_path, NOTHING, restored=back)


def test_what_a_person_said_to_the_findings_is_told(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.")

    prompt = told(tmp_path, NOTHING, earlier=("r1",), answers=(said,))

    assert "Leave b out." in prompt


def test_what_a_person_said_is_told_whatever_ended_without_a_session_since(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.")

    prompt = told(tmp_path, NOTHING, earlier=("r1", "r2"), answers=(said,))
    assert "Leave b out." in prompt
    # The session itself may be what is lost.
    prompt = told(tmp_path, NOTHING, resumes=False, earlier=("r1",), answers=(said,))
    assert "Leave b out." in prompt


def test_what_a_person_said_is_told_once(tmp_path: Path) -> None:
    said = answered(Kind.FINDINGS, "Leave b out.", news=False)

    prompt = told(tmp_path, NOTHING, earlier=("r1", "r2"), answers=(said,))

    assert "Leave b out." not in prompt
