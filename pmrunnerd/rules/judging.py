"""A look at what a plan came to: begun, and judged, as facts of one commit each.

What does not hold goes to the agent, as often as its project says, and then to a person.
"""

from msgspec import Struct

from pmrunnerd.model import brief
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Task, TaskKind
from pmrunnerd.model.gates import Gating, GatingState
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.questions import AGAIN, OPTIONS, Kind
from pmrunnerd.model.state import State
from pmrunnerd.rules.plans import with_consequences

Facts = tuple[ev.AnyEvent, ...]


class Found(Struct, frozen=True, kw_only=True):
    """What a look found: `wrong` says all that does not hold, each in words; nothing where all does.

    `commit` and `source` are what was looked at, `said` what is to be known of that. `mendable` says that an
    agent can do something about it; `where` is what shows more.
    """

    commit: str = ""
    source: str = ""
    wrong: tuple[str, ...] = ()
    said: str = ""
    mendable: bool = True
    where: str = ""


def begin(state: State, task: Task) -> Facts:
    """Return the facts with which a task begins to look."""
    name, project = task.id, task.project
    if task.kind is not TaskKind.GATES:
        return (ev.CheckBegan(task=name, project=project),)
    gate_run = Mint(state.minted)("g")
    return (
        ev.GateRunRequested(gate_run=gate_run, project=project, by=f"task {name}"),
        ev.CheckBegan(task=name, project=project, gate_run=gate_run),
    )


def stopped(state: State, task: Task, gating: Gating | None, *, patience: int) -> Facts:
    """Return what a look comes to that found nothing: somebody stopped it, or it was interrupted.

    `patience` is how many interruptions in a row a task may have. Nothing where it has found something.
    """
    name, project = task.id, task.project
    if task.cancelling:
        over = ev.TaskCancelled(task=name, project=project, by=task.cancelling)
        return with_consequences(state, [over])
    if task.kind is not TaskKind.GATES:
        return ()
    if gating is None:
        return _interrupted(state, task, f"gate run {task.gate_run} is gone", patience)
    if gating.state is GatingState.CANCELLED:
        why = f"gate run {gating.id} was cancelled" + (
            f": {gating.reason}" if gating.reason else ""
        )
        cancelled = ev.TaskCancelled(task=name, project=project, reason=why)
        return with_consequences(state, [cancelled])
    if gating.state is GatingState.INTERRUPTED:
        why = f"gate run {gating.id} was interrupted: {gating.reason}"
        return _interrupted(state, task, why, patience)
    return ()


def judged(state: State, task: Task, found: Found, *, mends: bool) -> Facts:
    """Return what a look comes to that found something; `mends` tells whether its agent can mend anything."""
    name, project = task.id, state.projects[task.project]
    moved: ev.AnyEvent
    if not found.wrong:
        moved = ev.TaskCompleted(
            task=name,
            project=project.id,
            commit=found.commit,
            source=found.source,
            result=found.said,
        )
    elif mends and found.mendable and task.sent_back < project.gate_attempts:
        moved = ev.TaskSentBack(task=name, project=project.id, objections=found.wrong)
    else:
        asked = ev.AskedQuestion(
            question=Mint(state.minted)("q"),
            text=brief.cut(_question(task, found, project.gate_attempts), brief.REASON),
            options=OPTIONS[Kind.CHECK],
            kind=Kind.CHECK,
        )
        moved = ev.TaskAsked(task=name, project=project.id, run="", questions=(asked,))
    return with_consequences(state, [moved])


def _question(task: Task, found: Found, attempts: int) -> str:
    what = "Not all gates pass" if task.kind is TaskKind.GATES else "The evidence is not complete"
    at = f" at {found.commit[:12]}" if found.commit else ""
    tried = task.sent_back
    times = "once" if tried == 1 else f"{tried} times"
    often = f", though its agent was asked {times} to mend that" if tried else ""
    listed = "\n".join(f"- {one.partition(chr(10))[0]}" for one in found.wrong)
    more = f"\nmore: {found.where}" if found.where else ""
    then = f", and its agent may mend what is found up to {attempts} more" if found.mendable else ""
    return f"{what}{at}{often}:\n{listed}{more}\n{AGAIN}: it is looked at as it is then{then}"


def _interrupted(state: State, task: Task, why: str, patience: int) -> Facts:
    moved: ev.AnyEvent
    if task.interruptions + 1 < patience:
        moved = ev.TaskInterrupted(task=task.id, project=task.project, reason=why)
    else:
        often = f"interrupted {patience} times in a row, at last: {why}"
        moved = ev.TaskFailed(task=task.id, project=task.project, reason=often)
    return with_consequences(state, [moved])
