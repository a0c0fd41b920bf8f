"""Plans as people are shown them: what is to be done, how much of it is, how far a draft is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Plan, PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting

# So many tasks of a plan are named where it is one of many things.
_AT_A_GLANCE: Final = 10


def counts(tasks: Iterable[Task]) -> dict[TaskState, int]:
    """Count tasks by state; every state has its number, so that a reader need not guess."""
    found = Counter(task.state for task in tasks)
    return {state: found[state] for state in TaskState}


def item(state: State, plan: Plan) -> v.InboxItem:
    """Return a plan that waits for approval as one of the things that wait."""
    return v.InboxItem(
        kind="plan",
        id=plan.id,
        project=plan.project,
        alias=state.projects[plan.project].alias,
        task="",
        text="\n".join([plan.title, *_planned(_work(state, plan))]),
        options=(),
        at=plan.at,
        command=f"pmrunnerctl plan approve {plan.id}",
    )


def row(state: State, plan: Plan, *, unconfined: bool = False) -> v.PlanRow:
    """Return a plan and how far it is; `unconfined` where nothing confines the runs to come."""
    work = _work(state, plan)
    to_come = unconfined and not plan.state.has_ended
    return v.PlanRow(
        plan=plan,
        alias=state.projects[plan.project].alias,
        tasks=counts(work),
        making=making(state, plan),
        unconfined=to_come or any(was_unconfined(state, task) for task in work),
    )


def was_unconfined(state: State, task: Task) -> bool:
    """Tell whether nothing confined the latest run of a task."""
    return bool(task.runs) and state.runs[task.runs[-1]].confined is False


def making(state: State, plan: Plan) -> str:
    """Say how far the making of a draft is, by what is durable; nothing of any other plan."""
    planner = drafting.planner(state, plan) if plan.state is PlanState.DRAFT else None
    if planner is None:
        return ""
    match planner.state:
        case TaskState.RUNNING:
            return f"being planned by run {planner.runs[-1]}"
        case TaskState.AWAITING_RESPONSE:
            asked = ", ".join(question.id for question in state.open_questions(planner))
            return f"being planned as task {planner.id}, which waits for an answer to {asked}"
        case _:
            return f"to be planned as task {planner.id}"


def is_to_retry(state: State, task: str) -> bool:
    """Tell whether a task failed that its plan still has, so that it may be tried again."""
    known = state.tasks.get(task)
    plan = state.plans.get(known.plan) if known else None
    failed = known is not None and known.state is TaskState.ERROR
    return failed and plan is not None and task not in plan.dropped


def listed(tasks: Sequence[ev.PlannedTask], *, titled: bool) -> Iterable[str]:
    """Yield what is to be done and what is expected of it, a line each, as a plan was made."""
    names = {task.task: task.name for task in tasks}
    for task in tasks:
        after = ", ".join(names[need] for need in task.needs)
        title = f": {task.title}" if titled and task.title not in {"", task.name} else ""
        yield f"  {task.task} {task.name}{f' after {after}' if after else ''}{title}"
        if task.kind.checks:
            yield f"     kind: {task.kind}, without which no plan of a runner-dev project is complete"
        if task.purpose:
            yield f"     purpose: {task.purpose}"
        if task.files:
            yield f"     files: {', '.join(task.files)}"
        if task.risk:
            yield f"     risk: {task.risk}"


def _work(state: State, plan: Plan) -> list[Task]:
    """Return the tasks of a plan without that of making it."""
    tasks = (state.tasks[name] for name in plan.tasks)
    return [task for task in tasks if task.kind is not TaskKind.PLANNING]


def _planned(tasks: Sequence[Task]) -> Iterable[str]:
    for task in tasks[:_AT_A_GLANCE]:
        title = f": {task.title}" if task.title not in {"", task.name} else ""
        yield f"  {task.id} {task.name}{title}" + (f" (risk: {task.risk})" if task.risk else "")
    if len(tasks) > _AT_A_GLANCE:
        yield f"  and {len(tasks) - _AT_A_GLANCE} more"
