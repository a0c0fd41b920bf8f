import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, PlanState, Purpose, TaskKind, TaskState
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.model.progress import Proposed, ProposedTask
from pmrunnerd.model.state import State
from pmrunnerd.rules import decide, drafting
from pmrunnerd.rules.drafting import NO_PLAN, before, is_gone_on_with
from pmrunnerd.rules.plans import with_consequences
from tests.unit.rules.life import (
    AT,
    a_draft,
    a_plan,
    a_proposed_plan,
    asked,
    failed,
    happen,
    planned,
    proposed,
    started,
)


def made(report: Proposed | None, outcome: Outcome = Outcome.SUCCEEDED, rounds: int = 2) -> State:
    """Return what the first run of a planner leads to."""
    return planned(happen(a_draft(), started("t1", "r1")), "r1", report, outcome, rounds)


def replanned(state: State, run: str, needs: dict[str, tuple[str, ...]]) -> State:
    """Have the planner of the latest plan propose."""
    task = max(state.plans, key=lambda name: int(name[1:]))
    (planner, *_) = state.plans[task].tasks
    return planned(happen(state, started(planner, run)), run, proposed(needs))


# What counts for nothing


def test_a_run_that_ended_well_without_a_plan_has_failed() -> None:
    state = made(None)
    task = state.tasks["t1"]
    assert (task.state, task.reason) == (TaskState.ERROR, NO_PLAN)
    assert state.plans["p1"].state is PlanState.ERROR
    assert state.plans["p1"].reason == "t1 (plan) failed"


@pytest.mark.parametrize(
    "outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.INTERRUPTED, Outcome.CANCELLED]
)
def test_what_was_proposed_by_a_run_that_did_not_end_well_counts_for_nothing(
    outcome: Outcome,
) -> None:
    state = made(proposed(), outcome)
    assert set(state.tasks) == {"t1"}
    assert state.plans["p1"].state is not PlanState.ACTIVE


def test_a_plan_whose_making_somebody_cancelled_does_not_begin_although_it_is_there() -> None:
    state = happen(a_draft(), started("t1", "r1"))
    happen(state, *decide.cancel_task(state, "t1", "anna"))
    planned(state, "r1", proposed())
    assert state.tasks["t1"].state is TaskState.CANCELLED
    assert (state.plans["p1"].state, set(state.tasks)) == (PlanState.CANCELLED, {"t1"})


# What is wrong


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ({}, "it has no task"),
        ({"a": ("b",), "b": ("a",)}, "its tasks wait for each other: "),
        ({"a": ("z",)}, "task a needs z, which is not in the plan"),
        ({str(n): () for n in range(201)}, "it has 201 tasks, more than 200"),
    ],
)
def test_a_wrong_plan_goes_back_to_its_session_with_all_that_is_wrong(
    needs: dict[str, tuple[str, ...]], why: str
) -> None:
    state = made(proposed(needs))
    task = state.tasks["t1"]
    assert (task.state, task.sent_back) == (TaskState.QUEUED, 1)
    assert task.objections[0].startswith(why)
    assert (state.plans["p1"].state, set(state.tasks)) == (PlanState.DRAFT, {"t1"})


def test_a_plan_that_stays_wrong_fails_with_what_is_wrong_and_a_retry_begins_with_that() -> None:
    state = made(proposed({"a": ("y",)}), rounds=1)
    planned(happen(state, started("t1", "r2", 2)), "r2", proposed({"a": ("z",)}), rounds=1)
    task = state.tasks["t1"]
    assert task.state is TaskState.ERROR
    assert task.reason == ("what it proposed is no plan: task a needs z, which is not in the plan")
    happen(state, *decide.retry_task(state, "t1", "anna"))
    task = state.tasks["t1"]
    assert (state.plans["p1"].state, task.sent_back) == (PlanState.DRAFT, 0)
    assert task.objections == ("task a needs z, which is not in the plan",)


def test_with_no_rounds_nothing_is_sent_back() -> None:
    assert made(proposed({}), rounds=0).tasks["t1"].state is TaskState.ERROR


# What is good


def test_a_good_plan_has_its_tasks_in_the_commit_in_which_its_making_ends() -> None:
    one = ProposedTask(
        name="a", text="do a", files=("a.py",), risk="it may break b", purpose=Purpose.CODE
    )
    two = ProposedTask(name="b", text="do b", title="the second", needs=("a",))
    state = made(Proposed(at=AT, title="  Both\nof them", tasks=(one, two)))
    plan = state.plans["p1"]
    assert (plan.state, plan.title, plan.tasks) == (PlanState.ACTIVE, "Both", ("t1", "t2", "t3"))
    assert [state.tasks[name].kind for name in plan.tasks] == [
        TaskKind.PLANNING,
        TaskKind.WORK,
        TaskKind.WORK,
    ]
    assert state.tasks["t1"].state is TaskState.COMPLETE
    first, second = state.tasks["t2"], state.tasks["t3"]
    assert (first.title, first.files, first.risk) == ("do a", ("a.py",), "it may break b")
    assert (first.purpose, second.purpose) == (Purpose.CODE, None)
    assert (second.title, second.needs) == ("the second", ("t2",))


def test_the_project_says_whether_a_person_approves_what_an_agent_planned() -> None:
    assert a_proposed_plan(approval=PlanApproval.AUTO).plans["p1"].state is PlanState.ACTIVE
    state = a_proposed_plan(approval=PlanApproval.MANUAL)
    assert state.plans["p1"].state is PlanState.AWAITING_APPROVAL


def test_a_plan_without_a_title_keeps_that_of_the_message() -> None:
    state = made(Proposed(at=AT, title=" ", tasks=(ProposedTask(name="a", text="do a"),)))
    assert state.plans["p1"].title == "do it"


def test_a_planner_that_asks_is_answered_and_then_plans() -> None:
    state = happen(a_draft(), started("t1", "r1"), *asked("t1", "r1", "which one?"))
    assert (state.tasks["t1"].state, state.plans["p1"].state) == (
        TaskState.AWAITING_RESPONSE,
        PlanState.DRAFT,
    )
    happen(
        state,
        ev.QuestionAnswered(question="q1", project="w1", text="that", by="anna"),
        ev.TaskAnswered(task="t1", project="w1"),
        started("t1", "r2", 2),
    )
    assert planned(state, "r2", proposed()).plans["p1"].state is PlanState.ACTIVE


# A plan in place of another


def test_a_rejected_plan_is_made_anew_in_its_session_by_whoever_made_it() -> None:
    state = a_proposed_plan()
    happen(state, *decide.reject_plan(state, "p1", "leave the database alone", "anna"))
    old, new = state.plans["p1"], state.plans["p2"]
    assert (old.state, old.replaced_by) == (PlanState.REJECTED, "p2")
    assert (new.state, new.instead_of, new.agent) == (PlanState.DRAFT, "p1", "oracle")
    assert (new.message, new.objections) == ("m1", ("leave the database alone",))
    planner = state.tasks["t3"]
    assert (planner.kind, planner.text) == (TaskKind.PLANNING, "do it")
    assert before(state, planner) == ("r1",)
    assert before(state, state.tasks["t1"]) == ()


def test_who_rejects_twice_is_still_held_to_the_first_reason() -> None:
    state = a_proposed_plan()
    happen(state, *decide.reject_plan(state, "p1", "no database", "anna"))
    replanned(state, "r2", {"b": ()})
    happen(state, *decide.reject_plan(state, "p2", "no web either", "anna"))
    assert state.plans["p3"].objections == ("no database", "no web either")
    assert before(state, state.tasks[state.plans["p3"].tasks[0]]) == ("r1", "r2")


def test_a_plan_that_is_dropped_is_not_made_anew_and_neither_is_one_that_no_run_made() -> None:
    state = a_proposed_plan()
    happen(state, *decide.reject_plan(state, "p1", "never", "anna", drop=True))
    assert (set(state.plans), state.plans["p1"].replaced_by) == ({"p1"}, "")
    shell = a_plan(approval=PlanApproval.MANUAL)
    happen(shell, *decide.reject_plan(shell, "p1", "never", "anna"))
    assert set(shell.plans) == {"p1"}


def test_a_plan_that_is_being_made_is_neither_approved_nor_rejected() -> None:
    with pytest.raises(IllegalTransition, match="cannot approve plan p1: it is being made"):
        decide.approve_plan(a_draft(), "p1", "anna")
    with pytest.raises(IllegalTransition, match="cannot reject plan p1: it is DRAFT"):
        decide.reject_plan(a_draft(), "p1", "no", "anna")


# Whose session is wanted yet


def test_the_session_of_a_plan_is_wanted_while_that_may_be_rejected() -> None:
    state = a_proposed_plan()
    assert is_gone_on_with(state, state.tasks["t1"])
    assert not is_gone_on_with(state, state.tasks["t2"])
    happen(state, *decide.approve_plan(state, "p1", "anna"))
    assert not is_gone_on_with(state, state.tasks["t1"])


def test_the_session_of_a_rejected_plan_is_wanted_until_the_next_plan_is_made() -> None:
    state = a_proposed_plan()
    happen(state, *decide.reject_plan(state, "p1", "no", "anna"))
    assert is_gone_on_with(state, state.tasks["t1"])
    happen(state, started("t3", "r2"))
    happen(state, *with_consequences(state, failed("t3", "r2")))
    assert is_gone_on_with(state, state.tasks["t1"]), "it may be retried"
    happen(state, *decide.retry_task(state, "t3", "anna"), started("t3", "r3", 2))
    planned(state, "r3", proposed())
    assert not is_gone_on_with(state, state.tasks["t1"])
    assert is_gone_on_with(state, state.tasks["t3"])


def test_the_planner_of_a_plan_is_its_first_task_if_a_run_made_it() -> None:
    state = a_proposed_plan()
    planner = drafting.planner(state, state.plans["p1"])
    assert planner is not None
    assert planner.id == "t1"
    shell = a_plan()
    assert drafting.planner(shell, shell.plans["p1"]) is None


def test_making_a_plan_is_tried_sooner_if_a_person_wants_it() -> None:
    state = a_draft()
    with pytest.raises(IllegalTransition, match="cannot retry task t1: it is QUEUED"):
        decide.retry_task(state, "t1", "anna")
    happen(state, ev.AgentLimited(agent="oracle", kind="rate", reason="busy", until="2027-01-01"))

    assert decide.retry_task(state, "t1", "anna") == (ev.AgentRetried(agent="oracle", by="anna"),)
