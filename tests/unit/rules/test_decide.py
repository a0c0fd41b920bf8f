import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState, TaskState
from pmrunnerd.model.errors import (
    BadRequest,
    Conflict,
    IllegalTransition,
    NotFound,
    PmError,
    Refused,
)
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import decide
from pmrunnerd.rules.recovery import settle
from tests.unit.rules.histories import CHOICES, Choices, apply, decisions, dump, lived
from tests.unit.rules.life import (
    a_plan,
    a_project,
    completed,
    failed,
    happen,
    started,
)

AGENTS = ("shell",)


def add(state: State, alias: str = "new", path: str = "/srv/new", agent: str = "shell") -> object:
    added = ev.ProjectAdded(project="w9", alias=alias, path=path, agent=agent)
    return decide.add_project(state, added, state_directory="/var/state", agents=AGENTS)


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(BadRequest, match="cannot send the message: it is empty"):
        decide.post_message(a_project(), "demo", " \n", "anna", Mint({}))


def test_a_message_with_a_nul_is_refused_with_what_takes_it_out() -> None:
    with pytest.raises(BadRequest, match="line 2 has a NUL, and no script can hold one") as refused:
        decide.post_message(a_project(), "demo", "echo\nx\0y", "anna", Mint({}))
    assert str(refused.value.hint).startswith("tr -d '\\0' < FILE | pmrunnerctl chat send ALIAS -")


def test_a_message_to_an_unknown_project_is_refused() -> None:
    with pytest.raises(NotFound, match="cannot find project nope"):
        decide.post_message(a_project(), "nope", "x", "anna", Mint({}))


@pytest.mark.parametrize("path", ["/var/state", "/var/state/runs/x"])
def test_the_state_directory_is_no_project(path: str) -> None:
    with pytest.raises(Refused, match="inside the state directory"):
        add(a_project(), path=path)


@pytest.mark.parametrize("path", ["/var", "/"])
def test_what_holds_the_state_directory_is_no_project(path: str) -> None:
    with pytest.raises(Refused, match="the state directory /var/state lies in it"):
        add(a_project(), path=path)


@pytest.mark.parametrize("path", ["/srv/demo/sub", "/srv"])
def test_projects_do_not_overlap(path: str) -> None:
    with pytest.raises(Refused, match="it and project demo, /srv/demo, overlap"):
        add(a_project(), path=path)


def test_a_directory_is_one_project_and_an_alias_names_one() -> None:
    with pytest.raises(Conflict, match="it is project demo already"):
        add(a_project(), path="/srv/demo")
    with pytest.raises(Conflict, match="/srv/demo has that name"):
        add(a_project(), alias="demo")


@pytest.mark.parametrize("alias", ["", "Demo", "a b", "../x", "-x", "é", "x" * 64])
def test_an_alias_is_something_that_can_be_typed(alias: str) -> None:
    with pytest.raises(BadRequest, match="cannot call a project"):
        add(a_project(), alias=alias)


def test_an_alias_that_cannot_be_typed_is_refused_with_one_that_can() -> None:
    with pytest.raises(BadRequest) as refused:
        add(a_project(), alias="we ird", path="/srv/{}/it's")
    assert refused.value.hint == """pmrunnerctl project add we-ird '/srv/{}/it'"'"'s'"""
    state = a_project()
    wanted = ev.ProjectChanged(project="w1", alias="We Ird")
    with pytest.raises(BadRequest) as refused:
        decide.change_project(state, state.project("demo"), wanted, agents=AGENTS)
    assert refused.value.hint == "pmrunnerctl project set demo --alias we-ird"


def test_an_alias_that_looks_like_an_identifier_may_stay_and_not_come() -> None:
    old = ev.ProjectAdded(project="w2", alias="w1", path="/srv/old")
    state = happen(a_project(), old)
    again = ev.ProjectChanged(project="w2", alias="w1", agent="shell")
    assert decide.change_project(state, state.project("w1"), again, agents=AGENTS) == ()
    with pytest.raises(BadRequest, match="identifiers of projects look like that"):
        add(state, alias="w7")


def test_every_no_says_what_to_type_next() -> None:
    state = happen(a_plan(), started("t1", "r1-a"))
    done = happen(a_plan(), started("t1", "r1-a"), *completed("t1", "r1-a"))
    refusals: list[Callable[[], object]] = [
        lambda: add(state, path="/var/state"),
        lambda: add(state, path="/"),
        lambda: add(state, path="/srv/demo"),
        lambda: add(state, path="/srv"),
        lambda: add(state, agent="robot"),
        lambda: decide.retry_task(state, "t1", "anna"),
        lambda: decide.cancel_task(done, "t1", "anna"),
        lambda: decide.retry_task(done, "t1", "anna"),
        lambda: decide.resume_run(state, "r1-a", "anna"),
        lambda: decide.reject_plan(done, "p1", "no", "anna"),
    ]
    for refusal in refusals:
        with pytest.raises(PmError) as refused:
            refusal()
        assert refused.value.hint, refused.value


def test_an_unknown_agent_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRequest, match="known are shell"):
        add(a_project(), agent="robot")


def test_one_setting_changed_leaves_the_others() -> None:
    state = a_project()
    wanted = ev.ProjectChanged(
        project="w1", alias="demo", plan_approval=PlanApproval.MANUAL, by="anna"
    )
    assert decide.change_project(state, state.project("demo"), wanted, agents=AGENTS) == (
        ev.ProjectChanged(project="w1", plan_approval=PlanApproval.MANUAL, by="anna"),
    )


def test_settings_that_are_so_already_say_nothing() -> None:
    state = a_project()
    wanted = ev.ProjectChanged(project="w1", alias="demo")
    assert decide.change_project(state, state.project("demo"), wanted, agents=AGENTS) == ()


def test_a_project_with_work_under_way_is_not_removed() -> None:
    state = a_plan()
    with pytest.raises(Refused, match="task t1 is QUEUED") as refused:
        decide.remove_project(state, state.project("demo"), "anna")
    assert refused.value.hint == "pmrunnerctl task cancel t1"
    stopping = ev.TaskCancelRequested(task="t1", project="w1", by="anna")
    happen(state, started("t1", "r1"), stopping)
    with pytest.raises(Refused, match="task t1 is being stopped"):
        decide.remove_project(state, state.project("demo"), "anna")


def test_a_rejected_plan_takes_its_tasks_with_it() -> None:
    state = a_plan({"a": (), "b": ("a",)}, approval=PlanApproval.MANUAL)
    happen(state, *decide.reject_plan(state, "p1", "too much", "anna"))
    assert state.plans["p1"].state is PlanState.REJECTED
    assert {task.state for task in state.tasks.values()} == {TaskState.CANCELLED}
    assert decide.reject_plan(state, "p1", "too much", "anna") == ()
    with pytest.raises(Conflict, match="for another reason: it was rejected already"):
        decide.reject_plan(state, "p1", "too little", "anna")
    with pytest.raises(Refused, match="its plan p1 is REJECTED"):
        decide.retry_task(state, "t1", "anna")


def test_approving_twice_is_no_news() -> None:
    state = a_plan(approval=PlanApproval.MANUAL)
    happen(state, *decide.approve_plan(state, "p1", "anna"))
    assert state.plans["p1"].state is PlanState.ACTIVE
    assert decide.approve_plan(state, "p1", "ben") == ()


def test_a_running_task_is_asked_to_stop_once() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    facts = decide.cancel_run(state, "r1", "anna")
    assert [type(fact) for fact in facts] == [ev.TaskCancelRequested]
    happen(state, *facts)
    assert decide.cancel_task(state, "t1", "ben") == ()


def test_a_complete_task_is_neither_cancelled_nor_retried() -> None:
    state = happen(a_plan(), started("t1", "r1"), *completed("t1", "r1"))
    with pytest.raises(IllegalTransition, match="cannot cancel task t1: it is COMPLETE"):
        decide.cancel_task(state, "t1", "anna")
    happen(state, ev.PlanCompleted(plan="p1", project="w1"))
    with pytest.raises(Refused, match="its plan p1 is COMPLETE"):
        decide.retry_task(state, "t1", "anna")


def test_only_the_last_run_of_a_task_is_resumed() -> None:
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r1"))
    with pytest.raises(Refused, match="cannot resume run r1: it is running"):
        decide.resume_run(state, "r1", "anna")
    happen(state, *failed("t1", "r1"))
    happen(state, *decide.resume_run(state, "r1", "anna"), started("t1", "r2", 2))
    with pytest.raises(Refused, match="r2 came after it"):
        decide.resume_run(state, "r1", "anna")


def test_a_run_whose_task_is_complete_is_not_resumed() -> None:
    state = happen(a_plan(), started("t1", "r1"), *completed("t1", "r1"))
    with pytest.raises(IllegalTransition, match="cannot resume run r1: its task t1 is COMPLETE"):
        decide.resume_run(state, "r1", "anna")


def test_a_run_that_ended_is_not_cancelled() -> None:
    state = happen(a_plan(), started("t1", "r1"), *failed("t1", "r1"))
    with pytest.raises(Refused, match=r"cannot cancel run r1: it ended at .* \(failed\)"):
        decide.cancel_run(state, "r1", "anna")


# Every decision, in every life


@given(CHOICES)
def test_what_was_decided_is_legal_and_deciding_it_again_adds_nothing_or_is_refused(
    choices: Choices,
) -> None:
    state = lived(choices)
    before = dump(state)
    for decide_it in decisions(state):
        try:
            facts = decide_it(state)
        except PmError:
            continue
        finally:
            assert dump(state) == before, "deciding changes nothing"
        fresh = state.copy()
        apply(fresh, facts)  # raises where a fact is illegal
        again: object = ()
        with contextlib.suppress(PmError):
            again = decide_it(fresh)
        assert again == ()


@given(CHOICES)
def test_a_decision_says_what_it_means_for_the_plan_in_the_same_breath(choices: Choices) -> None:
    state = lived(choices)
    for decide_it in decisions(state):
        fresh = state.copy()
        try:
            apply(fresh, decide_it(fresh))
        except PmError:
            continue
        assert settle(fresh) == []
