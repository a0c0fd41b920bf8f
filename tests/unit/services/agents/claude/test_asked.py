"""Questions are read from whatever a model made of them."""

import pytest

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.claude.asked import MOST, answers, read
from pmrunnerd.services.agents.pm_ask import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT


@pytest.mark.parametrize("given", [{}, {"questions": None}, {"questions": "what?"}])
def test_a_call_without_questions_asks_nothing(given: dict[str, object]) -> None:
    assert read(given, "call") == ()


def test_what_is_no_question_or_no_option_is_passed_by() -> None:
    given = {"questions": ["what?", {"question": "Which?", "options": ["a", {"label": "b"}]}]}

    assert read(given, "call") == (
        Asked(at="", text="Which?", options=("b",), details=("",), key="call"),
    )


def test_options_keep_their_order_their_descriptions_and_that_many_can_be_chosen() -> None:
    options = [{"label": "a", "description": "the first"}, {"label": "b", "description": "2nd"}]
    given = {"questions": [{"question": "Which?", "options": options, "multiSelect": True}]}

    (one,) = read(given, "call")

    assert (one.options, one.details, one.multiple) == (("a", "b"), ("the first", "2nd"), True)


def test_what_is_too_long_is_cut_and_its_answer_is_for_all_of_it() -> None:
    option = {"label": "b" * 5_000, "description": "c" * 5_000}
    long = "Which? " + "x" * 4_500_000
    given = {"questions": [{"question": long + end, "options": [option] * 50} for end in "ab"]}

    one, other = read(given, "call")

    assert len(one.text.encode()) <= QUESTION_LIMIT
    assert one.text != other.text
    assert (len(one.options), len(one.details)) == (OPTIONS_LIMIT, OPTIONS_LIMIT)
    assert {len(text.encode()) for text in (*one.options, *one.details)} == {OPTION_LIMIT}
    known = {one.text: "1", other.text: "2"}
    assert answers(given, known) == {f"{long}a": "1", f"{long}b": "2"}


def test_of_very_many_questions_a_few_are_asked_and_the_others_say_so() -> None:
    given = {"questions": [{"question": f"{number}?"} for number in range(500)]}

    asked = read(given, "call")

    assert len(asked) == MOST
    found = answers(given, {one.text: "yes" for one in asked})
    assert found is not None
    assert (len(found), found["0?"]) == (500, "yes")
    assert found["499?"].startswith("Nobody was asked")


def test_two_questions_in_the_same_words_are_one_with_the_options_of_both() -> None:
    first = {"question": "Which?", "options": [{"label": "a", "description": "1"}]}
    second = {"question": "Which?", "options": [{"label": "a"}, {"label": "b", "description": "2"}]}

    (one,) = read({"questions": [first, second]}, "call")

    assert (one.options, one.details) == (("a", "b"), ("1", "2"))


def test_a_call_has_no_answers_until_all_that_it_asks_has_one() -> None:
    given = {"questions": [{"question": "a?"}, {"question": "b?"}]}

    assert answers(given, {"a?": "1"}) is None
    assert answers({}, {"a?": "1"}) is None
    assert answers(given, {"a?": "1", "b?": "2", "c?": "3"}) == {"a?": "1", "b?": "2"}
