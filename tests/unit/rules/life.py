"""Small lives of a project, told as facts, to start tests from."""

from collections.abc import Mapping

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, Outcome, PlanApproval, Project
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Finished, Proposed, ProposedTask
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting, planning
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
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


def a_draft(approval: PlanApproval = PlanApproval.AUTO) -> State:
    """Return a state with plan `p1`, which task t1 is to make."""
    state = a_project(approval)
    return happen(state, drafting.begin(state.messages["m1"], "oracle", Mint(state.minted)))


def proposed(needs: Mapping[str, tuple[str, ...]] | None = None) -> Proposed:
    """Return what a planner may report: tasks that are named and need as told."""
    wanted = needs if needs is not None else {"one": ()}
    tasks = tuple(ProposedTask(name=name, text=f"do {name}", needs=n) for name, n in wanted.items())
    return Proposed(at=AT, title="all of it", tasks=tasks)


def planned(
    state: State,
    run: str,
    report: Proposed | None,
    outcome: Outcome = Outcome.SUCCEEDED,
    rounds: int = 2,
) -> State:
    """Have a run, which is under way, end with what it proposed."""
    finished = Finished(at=AT, outcome=outcome)
    seen, given = Seen(cursor=10, proposed=report), Circumstances(patience=3, rounds=rounds)
    return happen(state, *ended(state, state.runs[run], finished, seen, given))


def a_proposed_plan(
    needs: Mapping[str, tuple[str, ...]] | None = None,
    approval: PlanApproval = PlanApproval.MANUAL,
) -> State:
    """Return a state with plan `p1`, which run r1 of task t1 has proposed; its tasks begin at t2."""
    state = happen(a_draft(approval), started("t1", "r1"))
    return planned(state, "r1", proposed(needs))


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
