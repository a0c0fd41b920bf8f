"""Questions are read from whatever a model made of them."""

import pytest

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.claude.asked import read


@pytest.mark.parametrize("given", [{}, {"questions": None}, {"questions": "what?"}])
def test_a_call_without_questions_asks_nothing(given: dict[str, object]) -> None:
    assert read(given) == ()


def test_what_is_no_question_or_no_option_is_passed_by() -> None:
    given = {"questions": ["what?", {"question": "Which?", "options": ["a", {"label": "b"}]}]}

    assert read(given) == (Asked(at="", text="Which?", options=("b",), details=("",)),)


def test_options_keep_their_order_their_descriptions_and_that_many_can_be_chosen() -> None:
    options = [{"label": "a", "description": "the first"}, {"label": "b", "description": "2nd"}]
    given = {"questions": [{"question": "Which?", "options": options, "multiSelect": True}]}

    (one,) = read(given)

    assert (one.options, one.details, one.multiple) == (("a", "b"), ("the first", "2nd"), True)
