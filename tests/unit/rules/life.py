"""Small lives of a project, told as facts, to start tests from."""

from collections.abc import Mapping

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, Outcome, PlanApproval, Project
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import planning
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.planning import Proposal, Step

AT = "2026-01-01T00:00:00.000Z"


def happen(state: State, *facts: ev.AnyEvent) -> State:
    """Fold facts into a state and return it."""
    for fact in facts:
        evolve(state, fact, AT)
    return state


def a_project(approval: PlanApproval = PlanApproval.AUTO) -> State:
    """Return a state with project `demo` and message `m1` in it."""
    return happen(
        State(),
        ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", plan_approval=approval),
        ev.MessagePosted(message="m1", project="w1", text="do it", by="anna"),
    )


def a_plan(
    needs: Mapping[str, tuple[str, ...]] | None = None,
    approval: PlanApproval = PlanApproval.AUTO,
) -> State:
    """Return a state with plan `p1`; its tasks t1, t2, … are named and need as told."""
    state = a_project(approval)
    wanted = needs or {"one": ()}
    steps = tuple(Step(name=name, text=f"echo {name}", needs=n) for name, n in wanted.items())
    project, message = state.projects["w1"], state.messages["m1"]
    facts = planning.draft(project, message, Proposal(title="all", steps=steps), Mint(state.minted))
    return happen(state, *facts)


def started(task: str, run: str, attempt: int = 1) -> ev.RunStarted:
    """Return the fact that a run of a task was started."""
    return ev.RunStarted(run=run, task=task, project="w1", agent="shell", attempt=attempt)


def completed(task: str, run: str) -> tuple[ev.AnyEvent, ...]:
    """Return the facts that a run and its task succeeded."""
    return (
        ev.RunEnded(run=run, project="w1", outcome=Outcome.SUCCEEDED, cursor=10),
        ev.TaskCompleted(task=task, project="w1"),
    )


def failed(task: str, run: str) -> tuple[ev.AnyEvent, ...]:
    """Return the facts that a run and its task failed."""
    return (
        ev.RunEnded(run=run, project="w1", outcome=Outcome.FAILED, cursor=10),
        ev.TaskFailed(task=task, project="w1", reason="exit status 1"),
    )


def asked(task: str, run: str, *questions: str) -> tuple[ev.AnyEvent, ...]:
    """Return the facts that a run ended with questions q1, q2, …."""
    return (
        ev.RunEnded(run=run, project="w1", outcome=Outcome.ASKED, cursor=10),
        ev.TaskAsked(
            task=task,
            project="w1",
            run=run,
            questions=tuple(
                ev.AskedQuestion(question=f"q{n}", text=text) for n, text in enumerate(questions, 1)
            ),
        ),
    )


def a_message(text: str = "do it") -> Message:
    """Return a message that is in no state."""
    return Message(id="m9", project="w1", text=text, by="anna", at=AT)


def a_lone_project() -> Project:
    """Return a project that is in no state."""
    return Project(id="w1", alias="demo", path="/srv/demo")
