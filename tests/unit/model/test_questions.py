from pmrunnerd.model.questions import (
    ALLOW_ONCE,
    CANCEL,
    CLOSED,
    OPTIONS,
    OTHERWISE,
    Kind,
    chosen,
    decided,
    is_unclear,
)


def test_every_question_of_the_runner_s_own_has_answers_and_the_agent_s_are_free() -> None:
    assert set(OPTIONS) == set(Kind) - {Kind.AGENT}
    assert all(len(set(options)) == len(options) > 1 for options in OPTIONS.values())


def test_an_option_is_known_in_whatever_case_and_any_other_text_stays_as_it_is() -> None:
    assert chosen(Kind.PERMISSION, " Allow ONCE\n") == ALLOW_ONCE
    assert chosen(Kind.PERMISSION, " yes ") == " yes "
    assert chosen(Kind.AGENT, "Allow once") == "Allow once"


def test_only_a_permission_has_a_yes_that_would_be_a_no() -> None:
    assert is_unclear(Kind.PERMISSION, "Yes, please")
    assert not is_unclear(Kind.PERMISSION, ALLOW_ONCE)
    assert not is_unclear(Kind.PERMISSION, "yesterday it broke")
    assert not is_unclear(Kind.FINDINGS, "yes")


def test_every_decision_has_words_and_what_is_no_option_says_what_it_does() -> None:
    assert all(decided(kind, text) for kind, texts in OPTIONS.items() for text in texts)
    assert decided(Kind.PERMISSION, "yes") == "denied, with this reason: yes"
    assert decided(Kind.FINDINGS, "leave b") == "the agent goes on, and is told: leave b"
    assert decided(Kind.HEAD, CANCEL) == "the task is cancelled"
    assert not decided(Kind.AGENT, CANCEL)
    assert set(OTHERWISE) == set(OPTIONS) - CLOSED
