from typing import Any

from pmrunnerctl.replies import Offer, replies

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
