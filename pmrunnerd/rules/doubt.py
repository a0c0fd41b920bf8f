"""What may have been done already, once what said so is lost: it is left for a person to decide.

A task that is queued, or a message without a plan, would be begun by the next daemon. Where a lost
commit may have told of it, that would be for the second time.
"""

from collections.abc import Set
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules.plans import with_consequences

WHY: Final = "it may have been done already: a repair found that what became of it is lost"
BY: Final = "state repair"
_GOING: Final = frozenset({PlanState.ACTIVE, PlanState.DRAFT})


def waiting(state: State) -> set[str]:
    """Return the tasks and messages that a daemon would begin some time."""
    return {task.id for task in _queued(state)} | set(state.messages)


def hold(state: State, named: Set[str], begun: Set[str]) -> tuple[ev.AnyEvent, ...]:
    """Return the facts that leave to a person what lost commits may have told of.

    `named` are tasks and messages, `begun` those tasks of which a lost commit began another run.
    """
    mint = Mint(state.minted)
    facts: list[ev.AnyEvent] = [
        ev.PlanRefused(plan=mint("p"), project=m.project, message=m.id, reason=WHY)
        for m in state.messages.values()
        if m.id in named
    ]
    facts += [
        ev.TaskCancelled(task=task.id, project=task.project, reason=WHY, by=BY)
        for task in _queued(state)
        if task.id in named
    ]
    # The run that is known may be over, and another one may have had the task since. If this one
    # succeeded all the same, its task is complete: a result that came before a cancellation counts.
    # Of one that plans, the plan may have been recorded, and be under way as tasks that are lost.
    facts += [
        ev.TaskCancelRequested(task=run.task, project=run.project, by=BY)
        for run in state.active.values()
        if (run.task in begun or (run.task in named and _plans(state.tasks[run.task])))
        and not state.tasks[run.task].cancelling
    ]
    return with_consequences(state, facts)


def _plans(task: Task) -> bool:
    return task.kind is TaskKind.PLANNING


def _queued(state: State) -> list[Task]:
    """Return the queued tasks of plans that nobody needs to approve, or that are being made."""
    return [
        task
        for task in state.tasks.values()
        if task.state is TaskState.QUEUED and state.plans[task.plan].state in _GOING
    ]
