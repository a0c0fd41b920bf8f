"""What a run may cost, by what was spent and what a person raised."""

from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, Question
from pmrunnerd.model.questions import CANCEL, RAISE, Kind
from pmrunnerd.model.spec import Budget
from pmrunnerd.model.state import State
from pmrunnerd.rules import budgets
from pmrunnerd.rules.budgets import Ceilings, budget, spent, taken
from pmrunnerd.rules.evolve import evolve
from tests.unit.rules.life import AT, a_plan, happen

TODAY = AT[:10]


def begun(state: State, task: str, run: str, allowed: float = 0.0) -> State:
    return happen(
        state,
        ev.RunStarted(run=run, task=task, project="w1", agent="claude", attempt=1, allowed=allowed),
    )


def cost(state: State, task: str, run: str, dollars: float | None) -> State:
    over = ev.RunEnded(
        run=run, project="w1", outcome=Outcome.INTERRUPTED, cursor=1, dollars=dollars
    )
    again = ev.TaskInterrupted(task=task, project="w1", reason="")
    return happen(begun(state, task, run), over, again)


def asked(state: State, about: str, answer: str) -> State:
    question = ev.AskedQuestion(question="q1", text="?", kind=Kind.BUDGET, about=about)
    over = ev.RunEnded(run="r9", project="w1", outcome=Outcome.ASKED, cursor=1)
    waits = ev.TaskAsked(task="t1", project="w1", run="r9", questions=(question,))
    said = ev.QuestionAnswered(question="q1", project="w1", text=answer, by="anna")
    return happen(begun(state, "t1", "r9"), over, waits, said)


def left(state: State, today: Any = TODAY, **ceilings: Any) -> Budget | None:
    """Return a limit without what it is called where it is asked about."""
    found = budget(state, state.tasks["t1"], Ceilings(**ceilings), today)
    return replace(found, about="") if found else None


def answered(state: State, question: str, about: str, at: str) -> None:
    """Have a person raise a limit that a run had asked about."""
    state.questions[question] = Question(
        id=question,
        project="w1",
        task="t1",
        run="r9",
        text="?",
        kind=Kind.BUDGET,
        about=about,
        at=AT,
    )
    evolve(state, ev.QuestionAnswered(question=question, project="w1", text=RAISE, by="anna"), at)


def holder(state: State, **ceilings: Any) -> str:
    return taken(state, state.tasks["t1"], Ceilings(**ceilings), TODAY)


def two() -> State:
    return a_plan({"a": (), "b": ()})


def test_without_a_limit_there_is_no_budget() -> None:
    assert left(cost(two(), "t1", "r1", 5.0)) is None


def test_the_tightest_limit_counts() -> None:
    state = cost(two(), "t1", "r1", 1.0)

    assert left(state, run=3.0, task=5.0) == Budget(scope="run", limit=3.0)
    assert left(state, run=3.0, task=3.5) == Budget(scope="task", limit=3.5, used=1.0)


def test_a_run_that_nobody_knows_the_cost_of_counts_as_nothing() -> None:
    assert left(cost(two(), "t1", "r1", None), task=2.0) == Budget(scope="task", limit=2.0)


def test_a_plan_s_limit_counts_all_of_its_tasks() -> None:
    state = cost(cost(two(), "t1", "r1", 1.0), "t2", "r2", 1.5)

    assert left(state, plan=4.0) == Budget(scope="plan", limit=4.0, used=2.5)
    assert left(state, task=4.0) == Budget(scope="task", limit=4.0, used=1.0)


def test_a_day_s_limit_counts_that_day_alone() -> None:
    state = cost(two(), "t2", "r2", 1.5)

    assert left(state, day=4.0) == Budget(scope="day", limit=4.0, used=1.5)
    assert spent(state, TODAY) == 1.5
    assert left(state, "2099-01-01", day=4.0) == Budget(scope="day", limit=4.0)


def test_a_run_that_is_under_way_has_taken_all_that_it_may_take() -> None:
    state = begun(two(), "t2", "r2", allowed=3.0)

    assert left(state, day=4.0) == Budget(scope="day", limit=4.0, used=3.0, reserved=3.0)
    assert left(state, plan=4.0) == Budget(scope="plan", limit=4.0, used=3.0, reserved=3.0)


@pytest.mark.parametrize("scope", ["plan", "day"])
def test_what_another_run_may_yet_take_is_waited_for_and_not_asked_about(scope: str) -> None:
    state = begun(two(), "t2", "r2", allowed=4.0)

    assert holder(state, **{scope: 4.0}) == f"the {scope}'s budget is taken by run r2"
    assert holder(state, **{scope: 4.5}) == "", "there is some left"
    assert holder(state, task=4.0) == "", "it is another task's"


def test_what_is_spent_is_asked_about_whoever_runs() -> None:
    state = cost(begun(two(), "t2", "r2", allowed=1.0), "t1", "r1", 4.0)

    assert holder(state, day=4.0) == holder(state, plan=4.0) == ""


def test_of_several_questions_about_a_day_s_limit_one_raises_it() -> None:
    state = two()
    for name in ("q1", "q2", "q3"):
        answered(state, name, f"day {TODAY} 0", AT)
    assert left(state, day=2.0) == Budget(scope="day", limit=4.0)

    answered(state, "q4", f"day {TODAY} 1", AT)
    assert left(state, day=2.0) == Budget(scope="day", limit=6.0)


def test_what_was_spent_and_what_was_raised_of_a_day_are_known_side_by_side() -> None:
    state = cost(two(), "t1", "r1", 0.5)
    answered(state, "q1", f"day {TODAY} 0", AT)
    cost(state, "t2", "r2", 1.0)

    assert left(state, day=2.0) == Budget(scope="day", limit=4.0, used=1.5)


def test_who_raises_the_limit_of_yesterday_raises_none_of_today() -> None:
    state = two()
    answered(state, "q1", f"day {TODAY} 0", "2026-01-02T00:00:00.000Z")

    for day in (TODAY, "2026-01-02"):
        assert left(state, day, day=2.0) == Budget(scope="day", limit=2.0)


def test_a_question_says_which_day_it_is_about_and_how_often_that_was_raised() -> None:
    state = two()
    answered(state, "q1", f"day {TODAY} 0", AT)

    found = budget(state, state.tasks["t1"], Ceilings(day=2.0), TODAY)
    assert found is not None
    assert found.about == f"day {TODAY} 1"


def test_a_run_does_not_count_itself() -> None:
    state = begun(two(), "t1", "r1", allowed=3.0)

    found = budget(state, state.tasks["t1"], Ceilings(task=3.0, day=4.0), TODAY, "r1")
    assert found == Budget(scope="task", limit=3.0)


def test_what_is_used_up_has_nothing_left_and_never_less() -> None:
    found = left(cost(two(), "t1", "r1", 9.0), task=2.0)

    assert found is not None
    assert found.left == 0.0


@pytest.mark.parametrize("scope", ["task", "plan", "day"])
def test_a_person_raises_one_limit_by_the_same_again(scope: str) -> None:
    raised = asked(two(), scope, RAISE)

    assert left(raised, **{scope: 2.0}) == Budget(scope=scope, limit=4.0)
    for other in {"task", "plan", "day"} - {scope}:
        assert left(raised, **{other: 2.0}) == Budget(scope=other, limit=2.0)


def test_who_stops_raises_nothing() -> None:
    assert left(asked(two(), "day", CANCEL), day=2.0) == Budget(scope="day", limit=2.0)


def test_what_was_spent_is_of_runs_that_ended_and_what_may_be_is_as_often_as_it_was_raised() -> (
    None
):
    state = begun(cost(two(), "t1", "r1", 0.25), "t2", "r2", allowed=3.0)
    tasks = list(state.tasks.values())

    assert budgets.cost(state, tasks) == 0.25
    assert budgets.ceiling(state, budgets.TASK, 0.0, tasks) == 0.0
    raised = asked(two(), "plan", RAISE)
    assert budgets.ceiling(raised, budgets.PLAN, 2.0, raised.tasks.values()) == 4.0
