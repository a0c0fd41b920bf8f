"""What the plan of a runner-dev project ends with: its gates are tried, and its evidence is written.

Both tasks look first, without an agent. What is found to be wrong goes to the session that did the
work, in a run of the task that looked; then it looks again.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project, ProjectType, Task, TaskKind, TaskState
from pmrunnerd.model.naming import Mint, number
from pmrunnerd.model.state import State

_GATES: Final = (
    "Gates judge the commit that the tasks before this one came to. Put right, in the workspace, what"
    " does not hold, to the end; where a gate is right and the work is wrong, mend the work, and never"
    " have a gate ask less. You need not commit: all that you change is committed when you are done."
)
_EVIDENCE: Final = (
    "Write in EVIDENCE.md, at the top of the workspace, the section for what this plan changed, before"
    " the sections that are there. Complete each marked place of the template in words of your own, say"
    " only what you know or have tried, and leave its table of gates as it is. Change no other file, or"
    " the gates would have judged something else. You need not commit."
)
_TITLES: Final = {
    TaskKind.GATES: "all gates pass for what the plan came to",
    TaskKind.EVIDENCE: "EVIDENCE.md says what was changed, and what was tried",
}
_LIVING: Final = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.AWAITING_RESPONSE})
_RETRIED: Final = frozenset({TaskState.ERROR, TaskState.CANCELLED})


def closed(
    project: Project, tasks: Sequence[ev.PlannedTask], mint: Mint
) -> tuple[ev.PlannedTask, ...]:
    """Return the tasks of a plan with those that it ends with, if its project has any."""
    if project.project_type is not ProjectType.RUNNER_DEV:
        return tuple(tasks)
    needed = {need for task in tasks for need in task.needs}
    last = tuple(task.task for task in tasks if task.task not in needed)
    gates = _task(mint("t"), TaskKind.GATES, _GATES, last)
    evidence = _task(mint("t"), TaskKind.EVIDENCE, _EVIDENCE, (gates.task,))
    return (*tasks, gates, evidence)


def _task(name: str, kind: TaskKind, text: str, needs: tuple[str, ...]) -> ev.PlannedTask:
    return ev.PlannedTask(
        task=name, name=kind.value, title=_TITLES[kind], text=text, needs=needs, kind=kind
    )


def looks(task: Task) -> bool:
    """Tell whether what a task does next, or does now, is to look; otherwise an agent mends for it."""
    return task.kind.checks and not task.objections


def is_looking(task: Task) -> bool:
    """Tell whether a task is looking now: it runs, and no run of it does."""
    return task.state is TaskState.RUNNING and looks(task)


def is_seen(state: State, task: Task) -> bool:
    """Tell whether a look has come to its end, so that what it found can be judged."""
    if not is_looking(task):
        return False
    gating = state.gatings.get(task.gate_run)
    return gating is None or gating.state.has_ended


def waits(state: State, task: Task) -> str:
    """Say what a task that looks waits for, with no process of its own; empty for any other."""
    if not is_looking(task):
        return ""
    stops = ", to be cancelled" if task.cancelling else ""
    gating = state.gatings.get(task.gate_run)
    if gating is None:
        return f"looks at what EVIDENCE.md says{stops}" if not task.gate_run else stops[2:]
    return f"waits for gate run {gating.id}, which is {gating.state}{stops}"


def before(state: State, task: Task) -> tuple[str, ...]:
    """Return the runs whose session a task that checks goes on with that are not its own, oldest first.

    They are those of the task whose work was done last, and of the checks before this one.
    """
    own = [state.tasks[name] for name in state.plans[task.plan].tasks]
    work = [one for one in own if one.kind is TaskKind.WORK and one.runs]
    # No two work in one workspace at a time, so the last that began is the last that ended.
    last = max(work, key=lambda one: number(one.runs[-1]), default=None)
    runs = last.runs if last is not None else ()
    for one in own[: own.index(task)]:
        runs = (*runs, *(one.runs if one.kind.checks else ()))
    return runs


def is_gone_on_with(state: State, task: Task) -> bool:
    """Tell whether a task that checks may yet go on with the session in which another one worked."""
    return any(task.runs[-1:] == before(state, one)[-1:] for one in _to_come(state, task))


def _to_come(state: State, task: Task) -> Iterator[Task]:
    plan = state.plans[task.plan]
    for one in map(state.tasks.__getitem__, plan.tasks):
        if one.kind.checks and one.id != task.id and one.state in _LIVING | _RETRIED and task.runs:
            yield one
