"""What people decided on the uses of tools."""

import pytest

from pmrunnerd.model.progress import Answered
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.services.agents.decisions import Decisions, ask, asked

FETCH = ask("WebFetch", {"url": "https://example.org/a"})
OTHER = ask("WebFetch", {"url": "https://example.org/b"})


def decided(answer: str, run: str = "r1", kind: Kind = Kind.PERMISSION) -> Answered:
    return Answered(question=FETCH, answer=answer, kind=kind, run=run)


def test_without_a_decision_nothing_is_allowed() -> None:
    assert not Decisions([], "").allow("WebFetch", FETCH)


def test_an_answer_to_an_agent_s_own_question_allows_nothing() -> None:
    assert not Decisions([decided(ALLOW_TASK, kind=Kind.AGENT)], "r1").allow("WebFetch", FETCH)


def test_what_was_allowed_once_to_an_earlier_run_is_used_up() -> None:
    found = Decisions([decided(ALLOW_ONCE)], "r2")

    assert not found.allow("WebFetch", FETCH)
    assert found.news() == ""


def test_what_is_allowed_once_is_allowed_once_and_for_the_very_use() -> None:
    found = Decisions([decided(ALLOW_ONCE)], "r1")

    assert not found.allow("WebFetch", OTHER)
    assert found.allow("WebFetch", FETCH)
    assert not found.allow("WebFetch", FETCH)


def test_what_is_allowed_for_the_task_is_allowed_to_all_later_runs_of_it() -> None:
    found = Decisions([decided(ALLOW_TASK)], "r7")

    assert found.allow("WebFetch", OTHER)
    assert not found.allow("WebSearch", ask("WebSearch", {}))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ALLOW_ONCE, "It is allowed; do it again now."),
        (ALLOW_TASK, "It is allowed; do it again now."),
        (DENY, "It is not allowed. Go on without it."),
        ("we are offline", "It is not allowed. The reason: we are offline Go on without it."),
    ],
)
def test_the_session_is_told_what_was_decided(answer: str, told: str) -> None:
    news = Decisions([decided(answer)], "r1").news()

    assert news == f"A person was asked: May it use WebFetch on https://example.org/a? {told}"


def test_a_person_is_asked_with_what_can_be_answered() -> None:
    found = asked(ask("WebSearch", {}))

    assert found.text == "May it use WebSearch?"
    assert (found.kind, found.options) == (Kind.PERMISSION, OPTIONS[Kind.PERMISSION])
