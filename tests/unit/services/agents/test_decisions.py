"""What people decided on the uses of tools."""

import pytest

from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.decisions import Decisions, asked, host, question, shown

FETCH = question("WebFetch", "https://example.org/a", "example.org")
OTHER = question("WebFetch", "https://example.org/b", "example.org")
NO = "It is not allowed."


def decided(answer: str, *, news: bool = True, kind: Kind = Kind.PERMISSION) -> Answered:
    return Answered(question=FETCH, answer=answer, kind=kind, run="r1", news=news)


def test_without_a_decision_nothing_is_allowed() -> None:
    assert not Decisions([]).allow(FETCH)


def test_an_answer_to_an_agent_s_own_question_allows_nothing() -> None:
    assert not Decisions([decided(ALLOW_TASK, kind=Kind.AGENT)]).allow(FETCH)


def test_what_was_allowed_once_and_is_no_news_is_used_up() -> None:
    found = Decisions([decided(ALLOW_ONCE, news=False)])

    assert not found.allow(FETCH)
    assert found.news() == ""
    assert found.all() == ""


def test_what_is_allowed_once_is_allowed_once_and_for_the_very_use() -> None:
    found = Decisions([decided(ALLOW_ONCE)])

    assert not found.allow(OTHER)
    assert found.allow(FETCH)
    assert not found.allow(FETCH)


def test_what_is_allowed_for_the_task_is_allowed_to_all_later_runs_of_it() -> None:
    found = Decisions([decided(ALLOW_TASK, news=False)])

    assert found.allow(OTHER)
    assert not found.allow(question("WebSearch", ""))
    assert not found.allow(question("WebFetch", "https://example.com/", "example.com"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ALLOW_ONCE, "It is allowed; do it again now."),
        (ALLOW_TASK, "It is allowed; do it again now."),
        (DENY, f"{NO} Go on without it."),
        ("we are offline", f"{NO} The reason: we are offline. Go on without it."),
    ],
)
def test_the_session_is_told_what_was_decided(answer: str, told: str) -> None:
    found = Decisions([decided(answer)])

    assert (
        found.news() == f"A person was asked: May it use WebFetch on https://example.org/a? {told}"
    )
    assert found.all() == found.news()


def test_a_session_that_is_begun_anew_is_told_what_is_no_news() -> None:
    found = Decisions([decided(DENY, news=False), decided(ALLOW_TASK, news=False)])

    assert found.news() == ""
    assert [line.partition("? ")[2] for line in found.all().splitlines()] == [
        f"{NO} Go on without it.",
        "It is allowed; do it again now.",
    ]


def test_a_person_is_asked_with_what_can_be_answered_and_what_that_is_for() -> None:
    found = asked(question("WebSearch", ""))

    assert found.text == 'May it use WebSearch?\n"allow for this task" is for any use of WebSearch.'
    assert (found.kind, found.options) == (Kind.PERMISSION, OPTIONS[Kind.PERMISSION])
    assert FETCH.endswith('\n"allow for this task" is for any use of WebFetch on example.org.')


@pytest.mark.parametrize(("one", "other"), [("x" * 5000 + "a", "x" * 5000 + "b"), ("a\n", "a\r")])
def test_what_looks_alike_is_shown_apart_and_in_one_line(one: str, other: str) -> None:
    assert shown(one) != shown(other)
    assert len(shown(one)) < 450
    assert "\n" not in shown(one)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://Example.org:8443/a", "example.org:8443"),
        ("x:", "x:"),
        ("https://[", "https://["),
        ("https://example.org@evil/", "example.org@evil"),
    ],
)
def test_the_host_of_an_address_is_all_of_it_where_it_has_none(url: str, found: str) -> None:
    assert host(url) == found
