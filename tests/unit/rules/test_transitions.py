import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.rules.transitions import PLAN, TASK, mermaid, step

# design: the legal moves of a task, word for word.
LEGAL = {
    "QUEUED": {"RUNNING", "CANCELLED"},
    "RUNNING": {"COMPLETE", "ERROR", "CANCELLED", "AWAITING_RESPONSE", "QUEUED"},
    "AWAITING_RESPONSE": {"QUEUED", "CANCELLED"},
    "ERROR": {"QUEUED", "CANCELLED"},
    "CANCELLED": {"QUEUED"},
    "COMPLETE": set(),
}


def test_a_task_moves_as_the_design_says_and_no_other_way() -> None:
    assert {s.value: {t.value for t in row.values()} for s, row in TASK.items()} == LEGAL


def test_every_state_has_a_row_also_the_dead_ends() -> None:
    assert set(TASK) == set(TaskState)
    assert set(PLAN) == set(PlanState)


def test_an_illegal_move_says_what_cannot_be_done_and_why() -> None:
    event = ev.TaskRetried(task="t1", project="w1", by="anna")
    with pytest.raises(IllegalTransition, match=r"^cannot retry task t1: it is COMPLETE$"):
        step(TASK, "task t1", TaskState.COMPLETE, event)


def test_every_state_can_be_reached_from_the_first_one() -> None:
    def reach(table: dict[str, set[str]], first: str) -> set[str]:
        found, todo = {first}, [first]
        while todo:
            fresh = table[todo.pop()] - found
            found |= fresh
            todo += fresh
        return found

    assert reach(LEGAL, "QUEUED") == set(LEGAL)
    plans = {s.value: {t.value for t in row.values()} for s, row in PLAN.items()}
    assert reach(plans, "DRAFT") == {state.value for state in PlanState}


def test_the_picture_holds_every_arrow_of_the_table() -> None:
    assert len(mermaid(TASK).splitlines()) == 1 + sum(len(row) for row in TASK.values())
