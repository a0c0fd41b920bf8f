"""What people decided on the uses of tools."""

import pytest

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.decisions import Decisions, asked, host, shown

FETCH = asked("WebFetch", "https://example.org/a", ["example.org"])
OTHER = asked("WebFetch", "https://example.org/b", ["example.org"])
NO = "It is not allowed."


def decided(answer: str, *, news: bool = True, kind: Kind = Kind.PERMISSION) -> Answered:
    return of(FETCH, answer, news=news, kind=kind)


def of(use: Asked, answer: str, *, news: bool = True, kind: Kind = Kind.PERMISSION) -> Answered:
    return Answered(
        question=use.text, answer=answer, kind=kind, news=news, about=use.about, key=use.key
    )


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
    assert not found.allow(asked("WebSearch"))
    assert not found.allow(asked("WebFetch", "https://example.com/", ["example.com"]))


@pytest.mark.parametrize("answer", [ALLOW_ONCE, ALLOW_TASK])
def test_the_words_of_a_question_allow_nothing(answer: str) -> None:
    nameless = Answered(question=FETCH.text, answer=answer, kind=Kind.PERMISSION, news=True)

    assert not Decisions([nameless]).allow(FETCH)
    assert not Decisions([nameless]).allow(Asked(at="", text=FETCH.text))


def test_what_is_written_may_be_another_thing_by_then_and_a_person_is_told_so() -> None:
    one = asked("Write", "/w/.envrc", [".envrc"], "a\nb\x1b[2J\n" + "x" * 999 + "\n" * 20)
    other = asked("Write", "/w/.envrc", [".envrc"], "c")

    assert Decisions([of(one, ALLOW_ONCE)]).allow(other)
    lines = one.text.splitlines()
    assert lines[1:4] == ["It would write:", "  | a", "  | b�[2J"]
    assert [len(line) for line in lines if "xxx" in line] == [162]
    assert lines[-3:] == [
        "  … and 10 more lines",
        '"allow once" is for the next use of Write on just that, whatever it writes then.',
        '"allow for this task" is for any use of Write on .envrc.',
    ]
    silent = asked("Write", "/w/.envrc", [".envrc"], "").text.splitlines()
    assert silent[1] == "It would write nothing, or does not say what."


def test_two_names_are_not_one_that_is_called_like_both() -> None:
    found = Decisions([of(asked("Write", "a", [".vscode", ".idea"]), ALLOW_TASK)])

    assert not found.allow(asked("Write", "b", [".vscode and .idea"]))


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
    found = asked("WebSearch")

    assert found.text.splitlines() == [
        "May it use WebSearch?",
        '"allow once" is for the next use of WebSearch.',
        '"allow for this task" is for any use of WebSearch.',
    ]
    assert (found.kind, found.options) == (Kind.PERMISSION, OPTIONS[Kind.PERMISSION])
    assert FETCH.text.splitlines()[1:] == [
        '"allow once" is for the next use of WebFetch on just that.',
        '"allow for this task" is for any use of WebFetch on example.org.',
    ]


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
