from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState, TaskState
from pmrunnerd.model.state import State
from pmrunnerd.rules.doubt import BY, WHY, hold, waiting
from tests.unit.rules.life import a_draft, a_plan, a_project, completed, happen, started

TWO: dict[str, tuple[str, ...]] = {"one": (), "two": ()}


def held(state: State, named: set[str], begun: set[str] | None = None) -> State:
    return happen(state, *hold(state, named, begun or set()))


def test_a_queued_task_that_was_named_is_cancelled_until_somebody_retries_it() -> None:
    state = held(a_plan(TWO), {"t1"})

    assert [state.tasks[name].state for name in ("t1", "t2")] == [
        TaskState.CANCELLED,
        TaskState.QUEUED,
    ]
    assert state.tasks["t1"].reason == WHY
    assert state.plans["p1"].state is PlanState.ACTIVE
    happen(state, ev.TaskRetried(task="t1", project="w1", by="anna"))
    assert state.tasks["t1"].state is TaskState.QUEUED


def test_a_plan_of_which_nothing_can_go_on_is_cancelled_with_its_tasks() -> None:
    state = held(a_plan({"one": (), "two": ("one",)}), {"t1"})

    assert state.plans["p1"].state is PlanState.CANCELLED
    assert state.tasks["t2"].state is TaskState.QUEUED, "it goes on once the other was retried"


def test_a_message_that_was_named_is_not_planned_again() -> None:
    state = held(a_project(), {"m1"})

    assert not state.messages
    assert (state.plans["p1"].state, state.plans["p1"].reason) == (PlanState.ERROR, WHY)


def test_what_nobody_named_goes_on() -> None:
    assert hold(a_plan(), {"t9", "m9", "w1"}, {"t9"}) == ()
    assert hold(a_project(), set(), set()) == ()


def test_what_waits_for_a_person_or_is_over_is_left_alone() -> None:
    named = {"t1", "m1", "p1"}
    assert hold(a_plan(approval=PlanApproval.MANUAL), named, named) == ()
    over = happen(a_plan(), started("t1", "r1-aaaa"), *completed("t1", "r1-aaaa"))
    assert hold(over, named, named) == ()


def test_a_run_goes_on_unless_another_one_of_its_task_was_begun() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))

    assert hold(state, {"t1", "r1-aaaa"}, set()) == ()
    assert hold(state, {"t1", "r2-bbbb"}, {"t1", "r2-bbbb"}) == (
        ev.TaskCancelRequested(task="t1", project="w1", by=BY),
    )
    held(state, {"t1"}, {"t1"})
    assert hold(state, {"t1"}, {"t1"}) == ()


def test_what_waits_is_every_task_and_message_that_would_be_begun() -> None:
    assert waiting(a_plan(TWO)) == {"t1", "t2"}
    assert waiting(a_project()) == {"m1"}
    assert waiting(a_plan(approval=PlanApproval.MANUAL)) == set()


def test_a_plan_that_is_to_be_made_waits_for_a_person_where_it_may_have_been_made() -> None:
    assert waiting(a_draft()) == {"t1"}
    state = held(a_draft(), {"t1"})
    assert state.plans["p1"].state is PlanState.CANCELLED
    happen(state, ev.TaskRetried(task="t1", project="w1", by="anna"))
    assert state.tasks["t1"].state is TaskState.QUEUED


def test_a_run_that_plans_is_stopped_where_its_plan_may_have_been_recorded_and_begun() -> None:
    state = happen(a_draft(), started("t1", "r1-aaaa"))
    assert hold(state, {"r1-aaaa"}, set()) == ()
    assert hold(state, {"t1", "t2", "p1"}, {"t2"}) == (
        ev.TaskCancelRequested(task="t1", project="w1", by=BY),
    )
