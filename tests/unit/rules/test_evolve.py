from typing import get_args

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from pmrunnerd.rules.evolve import _FOLD
from tests.unit.rules.life import (
    a_plan,
    completed,
    happen,
    started,
)


def test_what_facts_do_on_trial_is_taken_back() -> None:
    state = a_plan()
    with state.trial():
        happen(state, started("t1", "r1-aaaa"), *completed("t1", "r1-aaaa"))
        assert state.tasks["t1"].state is TaskState.COMPLETE
        assert state.tally("w1", TaskState.COMPLETE) == 1
    assert a_plan().tasks == state.tasks
    assert not state.runs
    assert not state.tally("w1", TaskState.COMPLETE)


def test_every_fact_is_folded() -> None:
    assert set(_FOLD) == set(get_args(ev.AnyEvent))
