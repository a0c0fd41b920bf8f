from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState
from pmrunnerd.rules import decide
from pmrunnerd.rules.plans import settle, with_consequences
from pmrunnerd.rules.recovery import settle as recover
from tests.unit.rules.life import (
    a_draft,
    a_plan,
    a_proposed_plan,
    completed,
    failed,
    happen,
    started,
)


def test_a_plan_is_complete_with_its_last_task() -> None:
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r1"))
    assert with_consequences(state, completed("t1", "r1")) == completed("t1", "r1")
    happen(state, *completed("t1", "r1"), started("t2", "r2"))
    assert with_consequences(state, completed("t2", "r2"))[2:] == (
        ev.PlanCompleted(plan="p1", project="w1"),
    )


def test_a_plan_fails_only_when_nothing_of_it_can_go_on() -> None:
    state = happen(a_plan({"a": (), "b": (), "c": ("a",)}), started("t1", "r1"))
    assert with_consequences(state, failed("t1", "r1")) == failed("t1", "r1")
    happen(state, *failed("t1", "r1"), started("t2", "r2"))
    assert with_consequences(state, completed("t2", "r2"))[2:] == (
        ev.PlanFailed(plan="p1", project="w1", reason="t1 (a) failed"),
    )


def test_a_plan_whose_tasks_are_all_cancelled_is_cancelled_not_failed() -> None:
    cancelled = ev.TaskCancelled(task="t1", project="w1", by="anna")
    assert with_consequences(a_plan(), [cancelled])[1:] == (
        ev.PlanCancelled(plan="p1", project="w1"),
    )


def test_a_retried_task_opens_its_plan_again() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    happen(state, *with_consequences(state, failed("t1", "r1")))
    assert state.plans["p1"].state is PlanState.ERROR
    retried = ev.TaskRetried(task="t1", project="w1", by="anna")
    assert with_consequences(state, [retried])[1:] == (ev.PlanReopened(plan="p1", project="w1"),)


def test_trying_facts_on_changes_nothing() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    with_consequences(state, completed("t1", "r1"))
    assert set(state.active) == {"r1"}


def test_recovery_brings_plans_in_line_and_settling_twice_adds_nothing() -> None:
    # Without its consequence: what an older release may have written.
    state = happen(a_plan(), started("t1", "r1"), *failed("t1", "r1"))
    facts = recover(state)
    assert facts == [ev.PlanFailed(plan="p1", project="w1", reason="t1 (one) failed")]
    happen(state, *facts)
    assert recover(state) == []
    assert settle(state, state.plans["p1"]) == []


def test_a_plan_with_very_many_ways_through_it_is_settled_as_quickly_as_a_list() -> None:
    # Each task needs both of the layer above: 2^100 ways, 200 tasks.
    needs = {
        f"{side}{layer}": ((f"a{layer - 1}", f"b{layer - 1}") if layer else ())
        for layer in range(100)
        for side in "ab"
    }
    state = a_plan(needs)
    assert settle(state, state.plans["p1"]) == []


def test_a_plan_that_is_approved_after_a_task_of_it_was_cancelled_does_not_wait_for_ever() -> None:
    state = a_plan({"a": (), "b": ("a",)}, approval=PlanApproval.MANUAL)
    happen(state, *decide.cancel_task(state, "t1", "anna"))
    happen(state, *decide.approve_plan(state, "p1", "anna"))
    assert state.plans["p1"].state is PlanState.CANCELLED


def test_a_plan_that_awaits_approval_is_cancelled_with_the_last_of_its_tasks() -> None:
    state = a_plan(approval=PlanApproval.MANUAL)
    happen(state, *decide.cancel_task(state, "t1", "anna"))
    assert state.plans["p1"].state is PlanState.CANCELLED


def test_a_draft_ends_as_its_making_ends_and_is_a_draft_again_when_that_is_retried() -> None:
    state = happen(a_draft(), started("t1", "r1"))
    assert settle(state, state.plans["p1"]) == []
    facts = with_consequences(state, failed("t1", "r1"))
    assert facts[2:] == (ev.PlanFailed(plan="p1", project="w1", reason="t1 (plan) failed"),)
    happen(state, *facts)
    retried = ev.TaskRetried(task="t1", project="w1", by="anna")
    assert with_consequences(state, [retried])[1:] == (
        ev.PlanningReopened(plan="p1", project="w1"),
    )
    happen(state, *with_consequences(state, [retried]))
    happen(state, *decide.cancel_task(state, "t1", "anna"))
    happen(state, *decide.retry_task(state, "t1", "anna"))
    assert (state.plans["p1"].state, state.plans["p1"].tasks) == (PlanState.DRAFT, ("t1",))


def test_a_proposed_plan_is_cancelled_with_its_work_whatever_became_of_its_making() -> None:
    state = a_proposed_plan()
    happen(state, *decide.cancel_task(state, "t2", "anna"))
    assert state.plans["p1"].state is PlanState.CANCELLED


def test_a_task_of_a_proposed_plan_that_is_retried_does_not_have_it_planned_again() -> None:
    state = happen(a_proposed_plan(approval=PlanApproval.AUTO), started("t2", "r2"))
    happen(state, *with_consequences(state, failed("t2", "r2")))
    happen(state, *decide.retry_task(state, "t2", "anna"))
    assert state.plans["p1"].state is PlanState.ACTIVE


def test_a_proposed_plan_is_complete_with_the_last_of_its_work() -> None:
    state = happen(a_proposed_plan(approval=PlanApproval.AUTO), started("t2", "r2"))
    assert with_consequences(state, completed("t2", "r2"))[2:] == (
        ev.PlanCompleted(plan="p1", project="w1"),
    )
