import pytest

from pmrunnerd.model.entities import PlanApproval, PlanState, Purpose, TaskState
from pmrunnerd.model.errors import BadRequest, Conflict, IllegalTransition, Refused
from pmrunnerd.model.state import State
from pmrunnerd.rules import decide
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.planning import Proposal, Step
from tests.unit.rules.life import a_draft, a_plan, a_proposed_plan, happen

TWO = Proposal(
    title="Smaller",
    steps=(
        Step(name="a", text="do a", files=("a.py",), risk="none", purpose=Purpose.TESTS),
        Step(name="b", text="do b", needs=("a",)),
    ),
)


def edited(state: State, wanted: Proposal = TWO, edits: int = 0, *, approve: bool = False) -> State:
    edit = Edit(plan="p1", edits=edits, wanted=wanted)
    return happen(state, *edit_plan(state, edit, "anna", approve=approve))


def test_a_plan_that_is_being_made_or_was_approved_is_not_edited() -> None:
    with pytest.raises(IllegalTransition, match="cannot edit plan p1: it is DRAFT"):
        edited(a_draft())
    with pytest.raises(IllegalTransition, match="cannot edit plan p1: it is ACTIVE"):
        edited(a_proposed_plan(approval=PlanApproval.AUTO))


def test_a_plan_that_somebody_else_edited_meanwhile_is_not_written_over() -> None:
    state = edited(a_proposed_plan())
    with pytest.raises(Conflict, match="somebody has edited it since") as refused:
        edited(state)
    assert refused.value.hint == "pmrunnerctl plan show p1 --toml"


def test_all_that_is_wrong_with_it_is_said_and_nothing_changes() -> None:
    state = a_proposed_plan()
    wrong = Proposal(title="x", steps=(Step(name="a", text=" ", needs=("z",)),))
    with pytest.raises(BadRequest) as refused:
        edited(state, wrong)
    assert str(refused.value) == (
        "cannot edit plan p1: task a is empty; task a needs z, which is not in the plan"
    )
    assert state.plans["p1"].tasks == ("t1", "t2")


@pytest.mark.parametrize("state", [a_proposed_plan(), a_plan(approval=PlanApproval.MANUAL)])
def test_the_new_tasks_take_the_place_of_the_old_ones_which_are_cancelled(state: State) -> None:
    old = tuple(name for name in state.plans["p1"].tasks if name != "t1" or len(state.tasks) == 1)
    kept = tuple(name for name in state.plans["p1"].tasks if name not in old)
    edited(state)
    plan = state.plans["p1"]
    assert (plan.state, plan.title, plan.edits) == (PlanState.AWAITING_APPROVAL, "Smaller", 1)
    assert plan.dropped == old
    assert {state.tasks[name].state for name in old} == {TaskState.CANCELLED}
    first, second = (state.tasks[name] for name in plan.tasks[len(kept) :])
    assert (first.name, first.files, first.risk) == ("a", ("a.py",), "none")
    assert first.purpose is Purpose.TESTS
    assert second.needs == (first.id,)
    with pytest.raises(Refused, match="plan p1 was edited, and has it no more"):
        decide.retry_task(state, old[0], "anna")


def test_an_edited_plan_may_be_approved_in_the_same_breath_and_is_complete_with_its_new_tasks() -> (
    None
):
    state = edited(a_proposed_plan(), approve=True)
    assert state.plans["p1"].state is PlanState.ACTIVE
    edited_again = edited(edited(a_proposed_plan()), edits=1)
    assert edited_again.plans["p1"].edits == 2


def test_a_title_that_was_taken_away_stays_as_it_was() -> None:
    state = edited(a_proposed_plan(), Proposal(title="", steps=TWO.steps))
    assert state.plans["p1"].title == "all of it"


def test_a_task_that_was_cancelled_before_stays_so() -> None:
    state = a_proposed_plan({"a": (), "b": ()})
    happen(state, *decide.cancel_task(state, "t2", "otto"))
    edited(state)
    assert state.tasks["t2"].reason == "otto cancelled it"
    assert state.plans["p1"].dropped == ("t2", "t3")
