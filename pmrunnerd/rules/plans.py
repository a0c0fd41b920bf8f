"""What the tasks of a plan mean for the plan itself. Level-triggered: asking twice adds nothing."""

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Plan, PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve

REOPENABLE: Final = frozenset({PlanState.ERROR, PlanState.CANCELLED})
UNDER_WAY: Final = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESPONSE})


def settle(state: State, plan: Plan) -> list[ev.AnyEvent]:
    """Return the fact that brings a plan in line with its tasks, if there is one to record."""
    tasks = [state.tasks[name] for name in plan.tasks]
    work = [task for task in tasks if task.kind is TaskKind.WORK]
    going = _going(tasks)
    match plan.state:
        case PlanState.ACTIVE if all(task.state is TaskState.COMPLETE for task in tasks):
            return [ev.PlanCompleted(plan=plan.id, project=plan.project)]
        case PlanState.ACTIVE if not going:
            return [_ended(plan, tasks)]
        # One that is complete has the rest of its plan proposed in the same commit.
        case PlanState.DRAFT if tasks and not going and tasks[0].state is not TaskState.COMPLETE:
            return [_ended(plan, tasks)]
        case PlanState.AWAITING_APPROVAL if all(t.state is TaskState.CANCELLED for t in work):
            return [ev.PlanCancelled(plan=plan.id, project=plan.project)]
        case PlanState.ERROR | PlanState.CANCELLED if going:
            again = ev.PlanReopened if work else ev.PlanningReopened
            return [again(plan=plan.id, project=plan.project)]
    return []


def _ended(plan: Plan, tasks: Sequence[Task]) -> ev.PlanFailed | ev.PlanCancelled:
    failed = [task for task in tasks if task.state is TaskState.ERROR]
    if failed:
        reason = f"{failed[0].id} ({failed[0].name}) failed"
        return ev.PlanFailed(plan=plan.id, project=plan.project, reason=reason)
    return ev.PlanCancelled(plan=plan.id, project=plan.project)


def can_go_on(state: State, task: Task) -> bool:
    """Tell whether a task that failed or was cancelled may be tried again."""
    plan = state.plans[task.plan]
    return (
        task.state in (TaskState.ERROR, TaskState.CANCELLED)
        and plan.state in (*REOPENABLE, PlanState.ACTIVE)
        and not state.projects[task.project].removed
    )


def with_consequences(
    state: State, facts: Iterable[ev.AnyEvent], at: str = ""
) -> tuple[ev.AnyEvent, ...]:
    """Return facts together with what they mean for the plans that they touch.

    The facts are on trial only; `state` stays as it is. Raises what `evolve` raises.
    """
    said = list(facts)
    with state.trial() as trial:
        for fact in said:
            evolve(trial, fact, at)
        touched = {trial.tasks[fact.task].plan for fact in said if hasattr(fact, "task")}
        touched |= {fact.plan for fact in said if hasattr(fact, "plan")}
        follows = [f for name in sorted(touched) for f in settle(trial, trial.plans[name])]
    return (*said, *follows)


def _going(tasks: Sequence[Task]) -> set[str]:
    """Return the tasks that run, wait for a person, or will run without anybody's doing.

    Each is looked at once, after all that it needs: a plan may have very many ways through it.
    """
    by_name = {task.id: task for task in tasks}
    going: set[str] = set()
    for name in TopologicalSorter({task.id: task.needs for task in tasks}).static_order():
        task = by_name[name]
        if task.state in UNDER_WAY or (
            task.state is TaskState.QUEUED
            and all(
                need in going or by_name[need].state is TaskState.COMPLETE for need in task.needs
            )
        ):
            going.add(name)
    return going
