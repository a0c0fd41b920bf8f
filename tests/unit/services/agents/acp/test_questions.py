"""What a form asks."""

from typing import Any

import pytest

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.acp.questions import MOST, read
from pmrunnerd.services.agents.pm_ask import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT


def form(message: str = "Which?", **fields: Any) -> dict[str, Any]:
    return {"message": message, "requestedSchema": {"type": "object", "properties": fields}}


@pytest.mark.parametrize(
    "given", [{}, {"requestedSchema": 5}, form(), form(a=5), {"mode": "url", "url": "https://x"}]
)
def test_a_form_without_a_field_asks_nothing(given: dict[str, Any]) -> None:
    assert read(given) == ()


def test_one_field_is_asked_by_the_message_and_several_by_their_own_words() -> None:
    assert [one.text for one in read(form(a={"type": "string", "title": "A"}))] == ["Which?"]
    both = form("Two things.", a={"description": "How many?"}, b={"title": "B"}, c={})

    assert [one.text for one in read(both)] == [
        "Two things.\nHow many?",
        "Two things.\nB",
        "Two things.\nc",
    ]


def test_options_are_the_words_that_are_answered_and_what_more_is_said_of_them() -> None:
    titled = [{"const": "a", "title": "a, the first"}, {"const": "b", "title": "b"}, {"x": 1}]

    assert read(form(q={"type": "string", "oneOf": titled})) == (
        Asked(at="", text="Which?", options=("a", "b"), details=("a, the first", "")),
    )
    assert read(form(q={"type": "string", "enum": ["a", "b"]}))[0].options == ("a", "b")
    assert read(form(q={"type": "boolean"}))[0].options == ("yes", "no")


def test_several_options_can_be_one_answer() -> None:
    (asked,) = read(form(q={"type": "array", "items": {"anyOf": [{"const": "a"}]}}))

    assert asked.multiple
    assert asked.options == ("a",)


def test_a_field_for_other_words_is_no_question_of_its_own() -> None:
    assert len(read(form(q={"type": "string"}, q_custom={"type": "string"}))) == 1
    assert len(read(form(other_custom={"type": "string"}))) == 1


def test_what_is_asked_at_great_length_is_cut_and_told_apart() -> None:
    fields = {f"{n}": {"title": "x" * 50_000 + f"{n}", "enum": ["y" * 5_000]} for n in range(50)}

    asked = read(form("Many things.", **fields))
    assert len({one.text for one in asked}) == MOST
    assert max(len(one.text.encode()) for one in asked) <= QUESTION_LIMIT
    assert len(asked[0].options[0].encode()) <= OPTION_LIMIT
    (one,) = read(form(q={"enum": [f"{n}" for n in range(500)]}))
    assert len(one.options) == OPTIONS_LIMIT
