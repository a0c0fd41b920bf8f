import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.state import State
from pmrunnerd.rules import agenda, closing, decide, drafting, retention
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.planning import Proposal, Step
from tests.unit.rules import life
from tests.unit.rules.gates import tries
from tests.unit.rules.life import happen, started
from tests.unit.rules.looking import a_plan, gates, looking, tried, worked


def kinds(state: State) -> list[TaskKind]:
    return [state.tasks[name].kind for name in state.plans["p1"].tasks]


def now(state: State, slots: int = 2) -> list[agenda.Action]:
    return agenda.agenda(state, slots=slots, clear=frozenset(), stopping=False)


def test_a_plan_of_any_other_project_ends_with_its_work() -> None:
    assert kinds(life.a_plan()) == [TaskKind.WORK]


def test_a_plan_of_this_runner_ends_with_its_gates_and_then_its_evidence() -> None:
    state = a_plan()

    assert kinds(state) == [TaskKind.WORK, TaskKind.WORK, TaskKind.GATES, TaskKind.EVIDENCE]
    assert state.tasks["t3"].needs == ("t2",), "whatever nothing else needs is needed by them"
    assert state.tasks["t4"].needs == ("t3",)


def test_who_edits_a_plan_cannot_have_it_without_them() -> None:
    state = a_plan(PlanApproval.MANUAL)
    wanted = Proposal(title="less", steps=(Step(name="c", text="do c"),))
    happen(state, *edit_plan(state, Edit(plan="p1", edits=0, wanted=wanted), "anna"))

    assert kinds(state) == [TaskKind.WORK, TaskKind.GATES, TaskKind.EVIDENCE]
    assert state.tasks["t3"].state is TaskState.CANCELLED, "those before are no part of it"
    assert gates_of(state, "p1").needs == ("t5",)


def gates_of(state: State, plan: str) -> Task:
    tasks = [state.tasks[name] for name in state.plans[plan].tasks]
    return next(task for task in tasks if task.kind is TaskKind.GATES)


def test_gates_are_looked_at_once_the_work_is_done_and_need_no_slot() -> None:
    assert agenda.Check("t3") not in now(a_plan())
    assert now(worked()) == [agenda.Check("t3")]
    state = worked()
    happen(state, ev.ProjectAdded(project="w2", alias="other", path="/srv/other"))
    assert agenda.Check("t3") in agenda.agenda(
        happen(state), slots=1, clear=frozenset(), stopping=False
    )


def test_nothing_works_in_the_workspace_while_a_task_looks_at_it_and_it_says_what_it_waits_for() -> (
    None
):
    state = looking()

    assert now(state) == []
    assert closing.waits(state, gates(state)) == "waits for gate run g1, which is QUEUED"
    assert state.tasks["t3"].state is TaskState.RUNNING


def test_a_look_that_is_over_is_judged_and_again_after_a_restart() -> None:
    state = tried(looking())

    assert now(state) == [agenda.Judge("t3")]
    assert now(state.copy()) == [agenda.Judge("t3")]


def test_a_daemon_that_stops_begins_no_look() -> None:
    assert agenda.agenda(worked(), slots=2, clear=frozenset(), stopping=True) == []


def test_what_was_found_is_mended_in_the_session_that_did_the_work_last() -> None:
    state = happen(
        looking(), ev.TaskSentBack(task="t3", project="w1", objections=("gate unit: failed",))
    )

    assert now(state) == [agenda.Start("t3")]
    assert drafting.before(state, state.tasks["t3"]) == ("r2",)
    happen(state, started("t3", "r3"))
    assert closing.waits(state, state.tasks["t3"]) == "", "a run of it works"
    assert now(state) == [agenda.Follow("r3")]
    assert drafting.before(state, state.tasks["t4"]) == ("r2", "r3")


def test_the_files_of_that_session_stay_while_something_may_be_mended_in_it() -> None:
    state = worked()

    assert "may be mended" in retention.needed(state, "r2")
    assert retention.needed(state, "r1") == ""
    for task in ("t3", "t4"):
        happen(state, ev.CheckBegan(task=task, project="w1"))
        happen(state, ev.TaskCompleted(task=task, project="w1"))
    assert retention.needed(state, "r2") == ""


def test_a_look_that_is_cancelled_has_its_gate_run_cancelled_with_it() -> None:
    state = happen(looking(), tries.STARTED)
    facts = decide.cancel_task(state, "t3", "anna")

    assert [type(fact).__name__ for fact in facts] == [
        "TaskCancelRequested",
        "GateRunCancelRequested",
    ]
    happen(state, *facts)
    assert closing.waits(state, gates(state)).endswith("to be cancelled")
    assert now(state) == [], "its gates are still there"
    happen(state, tries.CANCELLED)
    assert now(state) == [agenda.Judge("t3")]


@pytest.mark.parametrize("ends", [TaskState.ERROR, TaskState.CANCELLED])
def test_whoever_retries_has_it_looked_at_first_for_they_may_have_mended_it(
    ends: TaskState,
) -> None:
    state = happen(
        looking(), ev.TaskSentBack(task="t3", project="w1", objections=("gate unit: failed",))
    )
    happen(state, started("t3", "r3"))
    bad = life.failed("t3", "r3")
    if ends is TaskState.CANCELLED:
        bad = (bad[0], ev.TaskCancelled(task="t3", project="w1", by="anna"))
    happen(state, *bad, ev.PlanFailed(plan="p1", project="w1", reason="t3 failed"))
    happen(state, *decide.retry_task(state, "t3", "anna"))

    assert state.plans["p1"].state is PlanState.ACTIVE
    assert now(state) == [agenda.Check("t3")]
    assert state.tasks["t3"].sent_back == 0


def test_a_session_of_which_nothing_is_to_come_is_not_kept_for_it() -> None:
    state = worked()
    assert not closing.is_gone_on_with(state, replace(state.tasks["t2"], runs=()))
