"""A plan of a runner-dev project at each moment of its end, told as facts, to start tests from."""

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, ProjectType, Task, TaskKind
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import judging, planning
from pmrunnerd.rules.planning import Proposal, Step
from tests.unit.rules.gates import tries
from tests.unit.rules.life import completed, happen, started

STEPS = (Step(name="a", text="do a"), Step(name="b", text="do b", needs=("a",)))


def a_plan(approval: PlanApproval = PlanApproval.AUTO, attempts: int = 2) -> State:
    """Return a state with plan `p1`: tasks t1 and t2 of work, t3 that tries gates, t4 of evidence."""
    state = happen(
        State(),
        ev.ProjectAdded(
            project="w1",
            alias="demo",
            path="/srv/demo",
            project_type=ProjectType.RUNNER_DEV,
            plan_approval=approval,
            gate_attempts=attempts,
        ),
        ev.MessagePosted(message="m1", project="w1", text="do it", by="anna"),
    )
    project, message = state.projects["w1"], state.messages["m1"]
    wanted = Proposal(title="all", steps=STEPS)
    return happen(state, *planning.draft(project, message, wanted, Mint(state.minted)))


def worked(attempts: int = 2) -> State:
    """Return a plan whose work is done, by runs r1 and r2."""
    state = a_plan(attempts=attempts)
    for task, run in (("t1", "r1"), ("t2", "r2")):
        happen(state, replace(started(task, run), session=f"session {run}"), *completed(task, run))
    return state


def looking(attempts: int = 2) -> State:
    """Return a plan whose gates are being tried, by gate run g1."""
    state = worked(attempts)
    return happen(state, *judging.begin(state, state.tasks["t3"]))


def tried(state: State, verdict: Verdict = Verdict.FAILED) -> State:
    """Have gate run g1 come to its end."""
    unit = tries.ended("unit", verdict, status=1 if verdict is Verdict.FAILED else 0)
    ends = (tries.ended("lint"), unit, tries.ended("lab"), tries.OVER)
    return happen(state, tries.STARTED, *ends)


def gates(state: State) -> Task:
    (found,) = (task for task in state.tasks.values() if task.kind is TaskKind.GATES)
    return found
