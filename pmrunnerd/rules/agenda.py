"""What should be under way and is not: the list that the one loop works off, every turn.

Nothing here is remembered. The same state gives the same list, so a lost wake-up costs time and
never correctness, and a start after a crash is a turn like any other.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from itertools import takewhile
from typing import Final

from msgspec import Struct

from pmrunnerd.model.entities import Outcome, PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, closing, limits
from pmrunnerd.rules.admission import drains


class Plan(Struct, frozen=True):
    """Make a message a plan, or have an agent begin to."""

    message: str


class Start(Struct, frozen=True):
    """Start a run of a task."""

    task: str


class Check(Struct, frozen=True):
    """Have a task look at what those before it came to."""

    task: str


class Judge(Struct, frozen=True):
    """Record what came of a look that is over."""

    task: str


class Probe(Struct, frozen=True):
    """See whether the workspace that held a task may be touched again."""

    task: str


class Follow(Struct, frozen=True):
    """Read what a run reports, and record how it ends: of one that is gone, too."""

    run: str


class Stop(Struct, frozen=True):
    """Stop a run."""

    run: str


class Remind(Struct, frozen=True):
    """Record that an agent's login ends soon."""

    agent: str
    expires: str


Action = Remind | Follow | Stop | Plan | Probe | Start | Check | Judge

Taken = Callable[[Task], str]
# How often in a row a task probes in vain before a later one of its project does.
_PATIENCE: Final = 3


def _nobody(_: Task) -> str:
    return ""


def agenda(  # noqa: PLR0913 - what else there is, by name
    state: State,
    *,
    slots: int,
    clear: Set[str],
    stopping: bool,
    now: str = "",
    taken: Taken = _nobody,
) -> list[Action]:
    """Return what to do now, what is under way before what may begin.

    `slots` is how many runs there may be; `clear` are held tasks whose workspace was seen to be
    fine since. A daemon that is `stopping` starts nothing and parks what runs. A provider's limit
    stands until `now` is late enough. `taken` says which run has the budget of a task's next one.
    """
    follows: list[Action] = [Follow(run) for run in state.active]
    if stopping:
        return [*follows, *(Stop(run) for run in state.active)]
    stops: list[Action] = [
        Stop(run.id) for run in state.active.values() if state.tasks[run.task].cancelling
    ]
    plans: list[Action] = [Plan(message) for message in state.messages]
    reminders = [Remind(one.agent, one.expires) for one in limits.expiring(state, now)]
    checks = [task for task in state.tasks.values() if task.kind.checks]
    judged = [Judge(task.id) for task in checks if closing.is_seen(state, task)]
    starts = _starts(state, slots, clear, now, taken, checks)
    return [*follows, *stops, *reminders, *judged, *plans, *starts]


def _starts(  # noqa: PLR0913 - as of `agenda`
    state: State, slots: int, clear: Set[str], now: str, taken: Taken, checks: Sequence[Task]
) -> Iterator[Action]:
    probing: set[str] = set()
    busy = {run.project for run in state.active.values()}
    # What a task looks at is to stay as it is.
    busy |= {task.project for task in checks if closing.is_looking(task)}
    free = slots - len(state.active)
    for task in _queue(state):
        if free <= 0 and (not checks or slots <= 0):
            return
        if task.project in busy or blocked(state, task):
            continue
        if closing.looks(task):
            yield Check(task.id)
        elif free <= 0:
            pass  # what is before it in its project keeps its place
        elif task.held and task.id not in clear:
            yield Probe(task.id)
        else:
            account = accounts.of(state, agent := limits.agent_of(state, task))
            if agent in probing or limits.stands(account, now) or taken(task):
                continue
            if account.limit:
                probing.add(agent)
            yield Start(task.id)
            free -= 1
        busy.add(task.project)


def _queue(state: State) -> list[Task]:
    queued = (task for task in state.tasks.values() if task.state is TaskState.QUEUED)
    # By their plans: what was said first is done first, also where a run had to plan it before.
    queue = sorted(queued, key=lambda task: (number(task.plan), number(task.id)))
    return _by_turns(state, queue) if any(a.limit for a in state.accounts.values()) else queue


def _by_turns(state: State, queue: list[Task]) -> list[Task]:
    """Put those first that a provider refused less often: one may be what it refuses each time."""
    refused = {task.id: _refused(state, task) for task in queue}
    queue = sorted(queue, key=lambda task: refused[task.id] // _PATIENCE)
    first: dict[str, int] = {}
    for task in queue:
        if not blocked(state, task):
            first.setdefault(task.project, refused[task.id])
    return sorted(
        queue, key=lambda task: (refused[task.id] // _PATIENCE, first.get(task.project, 0))
    )


def _refused(state: State, task: Task) -> int:
    """Return how often a task has seen in vain whether a limit that stands is over."""
    account = accounts.of(state, limits.agent_of(state, task))
    if not account.limit:
        return 0
    runs = (state.runs[name] for name in reversed(task.runs) if name in state.runs)
    probes = takewhile(lambda run: run.at > account.since, runs)
    return sum(
        run.ended is not None and run.ended.outcome is Outcome.LIMITED and not run.ended.turns
        for run in probes
    )


def blocked(state: State, task: Task) -> str:
    """Say why a queued task cannot start however much room there is; empty if it can."""
    plan = state.plans[task.plan]
    if plan.state is PlanState.AWAITING_APPROVAL:
        return f"plan {plan.id} awaits approval"
    if state.projects[task.project].removed:
        return "its project was removed"
    needs = (state.tasks[name] for name in task.needs)
    missing = [f"{n.id} ({n.name}, {n.state})" for n in needs if n.state is not TaskState.COMPLETE]
    if missing:
        return "needs " + ", ".join(missing)
    is_drafted = plan.state is PlanState.DRAFT and task.kind is TaskKind.PLANNING
    return "" if plan.state is PlanState.ACTIVE or is_drafted else f"plan {plan.id} is {plan.state}"


def waits(  # noqa: PLR0913 - what else there is, by name
    state: State,
    task: Task,
    *,
    slots: int,
    refusal: str = "",
    clear: Set[str] = frozenset(),
    now: str = "",
    taken: Taken = _nobody,
) -> str:
    """Say why a queued task does not run yet; empty for one that is not queued.

    `refusal` is why no further run begins now, whichever task it is for; `clear`, `now` and
    `taken` as in `agenda`.
    """
    if task.state is not TaskState.QUEUED:
        return ""
    looks = closing.looks(task)
    held = task.held and task.id not in clear
    # A drain lasts until a person ends it, longer than whatever runs now.
    drained = "" if held else drains(state)
    limited = "" if held or looks else _limited(state, task, now) or taken(task)
    if why := blocked(state, task) or drained or limited or _taken(state, task, slots):
        return why
    if held:
        return task.reason
    first = _first_in_project(state, task)
    if looks:
        return f"{first} is before it" if first else "starts now"
    return refusal or (f"{first} is before it" if first else "starts now")


def _limited(state: State, task: Task, now: str) -> str:
    account = accounts.of(state, agent := limits.agent_of(state, task))
    if not account.limit:
        return ""
    if why := limits.stands(account, now):
        return why
    others = (
        t for t in _queue(state) if not closing.looks(t) and limits.agent_of(state, t) == agent
    )
    first = next((t.id for t in others if not blocked(state, t)), task.id)
    return "" if first == task.id else f"limited by the provider: {first} is the probe before it"


def _taken(state: State, task: Task, slots: int) -> str:
    same = [run for run in state.active.values() if run.project == task.project]
    if same:
        return f"run {same[0].id} has the workspace"
    for other in state.tasks.values():
        if other.project == task.project and closing.is_looking(other):
            return f"{other.id} looks at what is in the workspace"
    if closing.looks(task):
        return ""
    return f"all {slots} slots are taken" if len(state.active) >= slots else ""


def _first_in_project(state: State, task: Task) -> str:
    for other in _queue(state):
        if other.id == task.id:
            return ""
        if other.project == task.project and not blocked(state, other):
            return other.id
    return ""
