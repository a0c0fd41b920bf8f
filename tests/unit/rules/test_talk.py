import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState
from pmrunnerd.model.errors import Conflict, NotFound
from tests.unit.rules.life import (
    a_plan,
    a_project,
    happen,
)


def test_a_message_waits_until_a_plan_answers_it() -> None:
    assert set(a_project().messages) == {"m1"}
    assert not a_plan().messages


def test_a_refused_plan_answers_its_message_too() -> None:
    refused = ev.PlanRefused(plan="p1", project="w1", message="m1", reason="no task")
    state = happen(a_project(), refused)
    assert not state.messages
    assert state.plans["p1"].state is PlanState.ERROR


def test_a_removed_project_is_not_found_and_its_name_is_free() -> None:
    state = happen(a_project(), ev.ProjectRemoved(project="w1"))
    with pytest.raises(NotFound, match="cannot find project demo"):
        state.project("demo")
    happen(state, ev.ProjectAdded(project="w2", alias="demo", path="/srv/demo"))
    assert state.project("demo").id == "w2"


def test_a_project_is_not_added_twice() -> None:
    with pytest.raises(Conflict):
        happen(a_project(), ev.ProjectAdded(project="w1", alias="other", path="/x"))
