from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, Task
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting
from pmrunnerd.rules.agenda import Follow, Plan, Probe, Start, Stop, agenda, waits
from tests.unit.rules.life import (
    a_draft,
    a_plan,
    a_project,
    asked,
    completed,
    failed,
    happen,
    planned,
    proposed,
    started,
)

NOTHING: frozenset[str] = frozenset()


def todo(state: State, slots: int = 2, clear: frozenset[str] = NOTHING) -> list[object]:
    return list(agenda(state, slots=slots, clear=clear, stopping=False))


def two_projects() -> State:
    """Return a state with a queued task in each of two projects."""
    state = a_plan()
    return happen(
        state,
        ev.ProjectAdded(project="w2", alias="other", path="/srv/other"),
        ev.MessagePosted(message="m2", project="w2", text="x", by="anna"),
        ev.PlanDrafted(
            plan="p2",
            project="w2",
            message="m2",
            title="x",
            tasks=(ev.PlannedTask(task="t2", name="x", title="x", text="x"),),
        ),
        ev.PlanApproved(plan="p2", project="w2"),
    )


def test_a_message_without_a_plan_is_planned() -> None:
    assert todo(a_project()) == [Plan("m1")]


def test_a_task_starts_when_all_that_it_needs_is_complete() -> None:
    state = a_plan({"a": (), "b": ("a",)})
    assert todo(state) == [Start("t1")]
    happen(state, started("t1", "r1"))
    assert todo(state) == [Follow("r1")]
    happen(state, *completed("t1", "r1"))
    assert todo(state) == [Start("t2")]


def test_one_workspace_has_one_run_at_a_time() -> None:
    state = a_plan({"a": (), "b": ()})
    assert todo(state) == [Start("t1")]
    happen(state, started("t1", "r1"))
    assert todo(state) == [Follow("r1")]
    assert waits(state, state.tasks["t2"], slots=2) == "run r1 has the workspace"


def test_projects_run_side_by_side_as_far_as_there_are_slots() -> None:
    state = two_projects()
    assert todo(state, slots=2) == [Start("t1"), Start("t2")]
    assert todo(state, slots=1) == [Start("t1")]
    happen(state, started("t1", "r1"))
    assert waits(state, state.tasks["t2"], slots=1) == "all 1 slots are taken"


def test_nothing_of_a_plan_starts_before_a_person_approved_it() -> None:
    state = a_plan(approval=PlanApproval.MANUAL)
    assert todo(state) == []
    assert waits(state, state.tasks["t1"], slots=2) == "plan p1 awaits approval"
    happen(state, ev.PlanApproved(plan="p1", project="w1", by="anna"))
    assert todo(state) == [Start("t1")]


def test_a_task_whose_need_failed_waits_and_says_so() -> None:
    state = happen(a_plan({"a": (), "b": ("a",)}), started("t1", "r1"), *failed("t1", "r1"))
    assert todo(state) == []
    assert waits(state, state.tasks["t2"], slots=2) == "needs t1 (a, ERROR)"


def test_a_question_leaves_the_workspace_to_others() -> None:
    state = a_plan({"a": (), "b": ()})
    happen(state, started("t1", "r1"), *asked("t1", "r1", "which?"))
    assert todo(state) == [Start("t2")]


def test_a_held_task_is_looked_at_before_it_is_tried_again() -> None:
    state = a_plan({"a": (), "b": ()})
    over = ev.RunEnded(run="r1", project="w1", outcome=Outcome.HELD, cursor=1)
    held = ev.TaskHeld(task="t1", project="w1", reason="README was changed by somebody")
    happen(state, started("t1", "r1"), over, held)
    assert todo(state) == [Probe("t1")]
    assert waits(state, state.tasks["t1"], slots=2) == "README was changed by somebody"
    clear = frozenset({"t1"})
    assert todo(state, clear=clear) == [Start("t1")]
    assert waits(state, state.tasks["t1"], slots=2, clear=clear) == "starts now"
    refused = waits(state, state.tasks["t1"], slots=2, clear=clear, refusal="it drains")
    assert refused == "it drains"


def test_a_run_whose_task_is_cancelled_is_stopped() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    happen(state, ev.TaskCancelRequested(task="t1", project="w1", by="anna"))
    assert todo(state) == [Follow("r1"), Stop("r1")]


def test_a_stopping_daemon_parks_what_runs_and_starts_nothing() -> None:
    state = happen(two_projects(), started("t1", "r1"))
    parking = agenda(state, slots=2, clear=NOTHING, stopping=True)
    assert parking == [Follow("r1"), Stop("r1")]


def test_what_is_under_way_is_looked_at_before_anything_begins() -> None:
    state = happen(two_projects(), started("t1", "r1"))
    happen(state, ev.MessagePosted(message="m3", project="w1", text="x", by="anna"))
    assert todo(state) == [Follow("r1"), Plan("m3"), Start("t2")]


def test_tasks_start_in_the_order_in_which_they_were_planned() -> None:
    state = a_plan({f"step{n}": () for n in range(12)})
    assert todo(state) == [Start("t1")]
    assert waits(state, state.tasks["t10"], slots=2) == "t1 is before it"
    assert waits(state, state.tasks["t1"], slots=2) == "starts now"


def test_a_task_that_is_not_queued_does_not_wait() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    assert waits(state, state.tasks["t1"], slots=2) == ""


def test_a_drain_is_the_reason_before_whatever_has_the_slots_now() -> None:
    state = happen(two_projects(), started("t1", "r1"), ev.Drained(by="anna"))
    for slots in (1, 2):
        assert waits(state, state.tasks["t2"], slots=slots).startswith("the daemon drains, as anna")


def test_what_a_person_must_see_to_is_the_reason_before_a_drain() -> None:
    held = ev.TaskHeld(task="t1", project="w1", reason="it is not clean")
    end = ev.RunEnded(run="r1", project="w1", outcome=Outcome.HELD, cursor=1)
    state = happen(two_projects(), started("t1", "r1"), end, held, ev.Drained(by="anna"))
    assert waits(state, state.tasks["t1"], slots=2) == "it is not clean"


def test_a_refusal_is_the_reason_of_those_that_could_start_and_of_no_others() -> None:
    state = happen(two_projects(), started("t1", "r1"))
    refusal = "3 MiB of memory are free"
    assert waits(state, state.tasks["t2"], slots=2, refusal=refusal) == refusal
    assert waits(state, state.tasks["t2"], slots=1, refusal=refusal) == "all 1 slots are taken"
    assert waits(state, state.tasks["t1"], slots=2, refusal=refusal) == ""


def test_what_was_said_first_is_done_before_what_came_later_is_planned() -> None:
    state = happen(a_draft(), ev.MessagePosted(message="m2", project="w1", text="x", by="anna"))
    happen(state, drafting.begin(state.messages["m2"], "oracle", Mint(state.minted)))
    assert todo(state) == [Start("t1")]
    happen(state, started("t1", "r1"))
    planned(state, "r1", proposed())
    assert todo(state) == [Start("t3")], "t2 plans what was said after it"
    happen(state, started("t3", "r2"), *failed("t3", "r2"))
    assert todo(state) == [Start("t2")]


def test_a_plan_waits_for_who_made_it_whatever_its_project_would_be_worked_on_by_now() -> None:
    state = a_draft()
    happen(state, ev.AgentLimited(agent="oracle", kind="login", reason="x"))
    happen(state, ev.ProjectChanged(project="w1", agent="shell"))

    assert todo(state) == []


def test_who_waits_for_a_budget_leaves_the_room_to_others() -> None:
    state = happen(a_plan(), ev.ProjectAdded(project="w2", alias="other", path="/srv/other"))
    happen(
        state,
        ev.MessagePosted(message="m2", project="w2", text="x", by="anna"),
        ev.PlanDrafted(
            plan="p2",
            project="w2",
            message="m2",
            title="x",
            tasks=(ev.PlannedTask(task="t2", name="x", title="x", text="x"),),
        ),
        ev.PlanApproved(plan="p2", project="w2"),
    )

    def taken(task: Task) -> str:
        return "run r9 has it" if task.id == "t1" else ""

    found = agenda(state, slots=1, clear=NOTHING, stopping=False, taken=taken)
    assert list(found) == [Start("t2")]
    assert waits(state, state.tasks["t1"], slots=1, taken=taken) == "run r9 has it"
