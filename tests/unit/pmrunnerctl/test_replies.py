from typing import Any

import pytest

from pmrunnerctl.replies import Offer, is_other, replies

A = "pmrunnerctl --env x answer q7"


def said(*options: str, **offer: Any) -> list[str]:
    """Return the replies to a question, of a client that was told which daemon is meant."""
    return replies(
        Offer("q7", options, **offer), lambda text: text.replace("ctl ", "ctl --env x ", 1)
    )


def test_a_question_without_options_takes_a_text() -> None:
    assert said() == [f"{A} TEXT"]


def test_where_several_can_be_chosen_the_command_shows_how() -> None:
    assert said("red", "green", "blue", multiple=True) == [
        f"{A} TEXT",
        f"{A} --option 1 --option 3",
    ]
    assert said("red", multiple=True) == said("red") == [f"{A} TEXT", f"{A} --option 1"]


def test_each_option_of_the_runner_s_own_question_is_a_command_that_says_what_it_is() -> None:
    each = [f"{A} --option 1   # allow once", f"{A} --option 2   # deny"]
    assert said("allow once", "deny", fixed=True) == each
    denies = [*each, f"{A} TEXT   # denies it"]
    assert said("allow once", "deny", otherwise="denies it") == denies


@pytest.mark.parametrize(
    ("said", "multiple", "other"),
    [
        ("a third one", False, True),
        (" The FIRST ", False, False),
        ("the first, the second", True, False),
        ("the first, the second", False, True),
        ("the first, a third", True, True),
    ],
)
def test_an_answer_is_other_where_it_is_no_option_and_not_several_that_may_be_one(
    said: str, *, multiple: bool, other: bool
) -> None:
    assert is_other(("the first", "The second"), said, multiple=multiple) == other
    assert not is_other((), said, multiple=multiple)
