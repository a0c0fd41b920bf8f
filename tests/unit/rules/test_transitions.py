from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import IllegalTransition, PmError
from pmrunnerd.model.gates import GatingState
from pmrunnerd.rules.transitions import GATING, PLAN, TASK, mermaid, step
from tests.unit.rules.histories import CHOICES, Choices, apply, dump, lived

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
    assert set(GATING) == set(GatingState)


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


# Any fact at all about a few things, most of which are not there or not ready for it.
_NAMES = {
    **{kind: st.sampled_from([f"{kind[0]}1", f"{kind[0]}2"]) for kind in ("plan", "task", "run")},
    "project": st.just("w1"),
    "message": st.sampled_from(["m1", "m2"]),
    "questions": st.lists(
        st.builds(ev.AskedQuestion, question=st.sampled_from(["q1", "q2"])), max_size=2
    ).map(tuple),
}


def _any_fact(kind: type[ev.Event]) -> st.SearchStrategy[ev.Event]:
    named = {
        field.name: _NAMES[field.name]
        for field in msgspec.structs.fields(kind)
        if field.name in _NAMES
    }
    return st.builds(kind, **named)


FACTS = st.lists(
    st.one_of([_any_fact(kind) for kind in (*get_args(ev.TaskEvent), *get_args(ev.PlanEvent))]),
    max_size=12,
)


@settings(max_examples=200)
@given(CHOICES, FACTS)
def test_no_facts_whatever_lead_out_of_the_tables_and_an_illegal_one_changes_nothing(
    choices: Choices, facts: list[ev.AnyEvent]
) -> None:
    state = lived(choices)
    for fact in facts:
        before, whole = state.copy(), dump(state)
        try:
            apply(state, (fact,))
        except PmError:
            assert dump(state) == whole
            continue
        for name in {getattr(fact, "task", "")} & set(state.tasks):
            assert TASK[before.tasks[name].state][type(fact)] is state.tasks[name].state
        for name in {getattr(fact, "plan", "")} & set(state.plans):
            assert PLAN[before.plans[name].state][type(fact)] is state.plans[name].state
        named = getattr(fact, "task", None), getattr(fact, "plan", None)
        changed = {n for n, t in state.tasks.items() if t != before.tasks[n]}
        changed |= {n for n, p in state.plans.items() if p != before.plans[n]}
        assert changed <= set(named), "and only what it names"
