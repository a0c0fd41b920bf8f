import pytest

from pmrunnerd.model.questions import (
    ACCEPT,
    ALLOW_ONCE,
    CANCEL,
    CLOSED,
    INSTEAD,
    OPTIONS,
    OTHERWISE,
    Kind,
    chosen,
    decided,
    meant,
)


def test_every_question_of_the_runner_s_own_has_answers_and_the_agent_s_are_free() -> None:
    assert set(OPTIONS) == set(Kind) - {Kind.AGENT}
    assert all(len(set(options)) == len(options) > 1 for options in OPTIONS.values())


def test_an_option_is_known_in_whatever_case_and_any_other_text_stays_as_it_is() -> None:
    assert chosen(Kind.PERMISSION, " Allow ONCE\n") == ALLOW_ONCE
    assert chosen(Kind.PERMISSION, " yes ") == " yes "
    assert chosen(Kind.AGENT, "Allow once") == "Allow once"


def test_only_a_permission_has_a_yes_that_would_be_a_no() -> None:
    assert meant(Kind.PERMISSION, "Yes, please") == ALLOW_ONCE
    assert not meant(Kind.PERMISSION, ALLOW_ONCE)
    assert not meant(Kind.PERMISSION, "yesterday it broke")
    assert not meant(Kind.FINDINGS, "yes")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Accept", ACCEPT),
        ("accept it.", ACCEPT),
        ("cancel", CANCEL),
        ("", ""),
        ("a", ""),
        ("accept only b.txt", ""),
        ("cancel the second part", ""),
        (CANCEL, ""),
    ],
)
def test_the_first_words_of_an_option_are_not_work_for_an_agent(text: str, option: str) -> None:
    assert meant(Kind.FINDINGS, text) == option
    assert not meant(Kind.AGENT, text)
    assert not meant(Kind.BUDGET, text), "which takes nothing else anyway"


def test_every_decision_has_words_and_what_is_no_option_says_what_it_does() -> None:
    assert all(decided(kind, text) for kind, texts in OPTIONS.items() for text in texts)
    assert decided(Kind.PERMISSION, "yes") == "denied, with this reason: yes"
    assert decided(Kind.FINDINGS, "leave b") == "the agent goes on, and is told: leave b"
    assert decided(Kind.HEAD, CANCEL) == "the task is cancelled"
    assert not decided(Kind.AGENT, CANCEL)
    assert set(OTHERWISE) == set(INSTEAD) == set(OPTIONS) - CLOSED
