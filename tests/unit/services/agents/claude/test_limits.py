"""What is asked where a limit is reached."""

from pmrunnerd.model.questions import CANCEL, RAISE, Kind
from pmrunnerd.model.spec import Budget
from pmrunnerd.services.agents.claude import limits


def test_a_limit_of_turns_is_asked_about_with_its_number() -> None:
    asked = limits.turns(30)

    assert asked.text.startswith("The model has taken 30 turns, the limit of one run.")
    assert (asked.kind, asked.options, asked.about) == (Kind.BUDGET, (RAISE, CANCEL), "")


def test_a_limit_of_cost_is_asked_about_with_all_that_was_used_of_it() -> None:
    asked = limits.dollars(Budget(scope="plan", limit=3.0, used=2.0), 1.5)

    assert asked.text.startswith("The plan has cost $3.50, and may cost $3.00.")
    assert asked.about == "plan"


def test_what_others_may_yet_take_is_no_cost_that_there_was() -> None:
    budget = Budget(scope="day", limit=7.0, used=5.0, reserved=4.0, about="day 2026-01-01 0")
    asked = limits.dollars(budget, 2.0)

    said = "The day has cost $3.00, others that run may take $4.00 more, and may cost $7.00."
    assert asked.text.startswith(said)
    assert asked.about == "day 2026-01-01 0"


def test_less_than_a_dollar_is_told_to_the_hundredth_of_a_cent() -> None:
    asked = limits.dollars(Budget(scope="run", limit=0.015), 0.0152)

    assert asked.text.startswith("The run has cost $0.0152, and may cost $0.0150.")
    tiny = limits.dollars(Budget(scope="run", limit=1e-7), 0.0152)
    assert "and may cost less than $0.0001." in tiny.text
