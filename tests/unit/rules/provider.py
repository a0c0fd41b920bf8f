"""A provider that takes no more, and three projects that want something of it."""

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Finished, Limited
from pmrunnerd.model.state import State
from pmrunnerd.rules import outcomes
from pmrunnerd.rules.agenda import agenda, waits
from pmrunnerd.rules.evolve import evolve
from tests.unit.rules.life import a_plan, happen

NOON = "2026-01-01T12:00:00.000Z"
SOON = "2026-01-01T12:00:30.000Z"
ONE = "2026-01-01T13:00:00.000Z"
RATE = Limited(at="", kind="rate", reason="too many requests", until="2026-01-01T14:00:00+01:00")
OVERLOAD = Limited(at="", kind="overload", reason="the provider is overloaded (529)")
LOGIN = Limited(at="", kind="login", reason="it does not know us (401)")


def three_projects() -> State:
    """Return a state with a queued task, t1 to t3, of agent claude in each of three projects."""
    state = happen(a_plan(), ev.ProjectChanged(project="w1", agent="claude"))
    for n in (2, 3):
        happen(
            state,
            ev.ProjectAdded(project=f"w{n}", alias=f"p{n}", path=f"/srv/{n}", agent="claude"),
            ev.MessagePosted(message=f"m{n}", project=f"w{n}", text="x", by="anna"),
            ev.PlanDrafted(
                plan=f"p{n}",
                project=f"w{n}",
                message=f"m{n}",
                title="x",
                tasks=(ev.PlannedTask(task=f"t{n}", name="x", title="x", text="x"),),
            ),
            ev.PlanApproved(plan=f"p{n}", project=f"w{n}"),
        )
    return state


def starts(state: State, task: str, run: str, at: str = NOON) -> None:
    project = state.tasks[task].project
    fact = ev.RunStarted(run=run, task=task, project=project, agent="claude", attempt=1)
    evolve(state, fact, at)


def ends(
    state: State, run: str, outcome: Outcome, said: Limited | None = None, now: str = NOON
) -> list[ev.AnyEvent]:
    """Have a run end, and return the facts of it."""
    seen, given = outcomes.Seen(limited=said), outcomes.Circumstances(patience=9, now=now)
    finished = Finished(at="", outcome=outcome, reason="so")
    facts = outcomes.ended(state, state.runs[run], finished, seen, given)
    for fact in facts:
        evolve(state, fact, now)
    return list(facts)


def todo(state: State, now: str) -> list[object]:
    return list(agenda(state, slots=9, clear=frozenset(), stopping=False, now=now))


def why(state: State, task: str, now: str) -> str:
    return waits(state, state.tasks[task], slots=9, now=now)
