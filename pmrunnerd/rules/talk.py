"""What facts do to projects, messages and plans; `evolve` has the table."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, Plan, PlanState, Project, Task, TaskKind, TaskState
from pmrunnerd.model.errors import Conflict
from pmrunnerd.model.state import State
from pmrunnerd.rules.counts import count, tally
from pmrunnerd.rules.transitions import PLAN, step

_ABOUT: Final = frozenset({"fact", "project", "by"})


def add_project(state: State, event: ev.ProjectAdded, _: str) -> None:
    if event.project in state.projects:
        raise Conflict(f"cannot add project {event.project}: it is there already")
    count(state, event.project)
    settings = {k: v for k, v in asdict(event).items() if k not in _ABOUT}
    state.projects[event.project] = Project(id=event.project, **settings)


def change_project(state: State, event: ev.ProjectChanged, _: str) -> None:
    project = state.project_of(event.project)
    changed = {k: v for k, v in asdict(event).items() if k not in _ABOUT and v is not UNSET}
    state.projects[project.id] = replace(project, **changed)


def remove_project(state: State, event: ev.ProjectRemoved, _: str) -> None:
    project = state.project_of(event.project)
    state.projects[project.id] = replace(project, removed=True)


def post(state: State, event: ev.MessagePosted, at: str) -> None:
    count(state, event.message)
    state.messages[event.message] = Message(
        id=event.message, project=event.project, text=event.text, by=event.by, at=at
    )


def refuse_plan(state: State, event: ev.PlanRefused, at: str) -> None:
    state.messages.pop(event.message)
    count(state, event.plan)
    state.plans[event.plan] = Plan(
        id=event.plan,
        project=event.project,
        message=event.message,
        title="",
        state=PlanState.ERROR,
        reason=event.reason,
        at=at,
    )


def draft_plan(state: State, event: ev.PlanDrafted, at: str) -> None:
    state.messages.pop(event.message)
    count(state, event.plan)
    _queue(state, event, event.tasks, at)
    state.plans[event.plan] = Plan(
        id=event.plan,
        project=event.project,
        message=event.message,
        title=event.title,
        state=PlanState.DRAFT,
        tasks=tuple(planned.task for planned in event.tasks),
        at=at,
    )


def begin_plan(state: State, event: ev.PlanBegun, at: str) -> None:
    state.messages.pop(event.message)
    count(state, event.plan)
    _queue(state, event, (event.planner,), at)
    state.plans[event.plan] = Plan(
        id=event.plan,
        project=event.project,
        message=event.message,
        title=event.title,
        state=PlanState.DRAFT,
        tasks=(event.planner.task,),
        at=at,
        agent=event.agent,
        instead_of=event.instead_of,
        objections=event.objections,
    )
    if event.instead_of:
        before = state.plan(event.instead_of)
        state.plans[before.id] = replace(before, replaced_by=event.plan)


def propose_plan(state: State, event: ev.PlanProposed, at: str) -> None:
    plan = state.plan(event.plan)
    after = step(PLAN, f"plan {plan.id}", plan.state, event)
    _queue(state, event, event.tasks, at)
    tasks = (*plan.tasks, *(planned.task for planned in event.tasks))
    state.plans[plan.id] = replace(plan, state=after, title=event.title, tasks=tasks, at=at)


def edit_plan(state: State, event: ev.PlanEdited, at: str) -> None:
    plan = state.plan(event.plan)
    after = step(PLAN, f"plan {plan.id}", plan.state, event)
    _queue(state, event, event.tasks, at)
    kept = tuple(n for n in plan.tasks if state.tasks[n].kind is TaskKind.PLANNING)
    dropped = tuple(n for n in plan.tasks if n not in kept)
    state.plans[plan.id] = replace(
        plan,
        state=after,
        title=event.title,
        tasks=(*kept, *(planned.task for planned in event.tasks)),
        dropped=(*plan.dropped, *dropped),
        edits=plan.edits + 1,
        at=at,
    )


def _queue(
    state: State,
    event: ev.PlanDrafted | ev.PlanBegun | ev.PlanProposed | ev.PlanEdited,
    tasks: Sequence[ev.PlannedTask],
    at: str,
) -> None:
    """Have the tasks of a plan, none of which has begun."""
    for planned in tasks:
        count(state, planned.task)
        tally(state, event.project, TaskState.QUEUED, 1)
        state.tasks[planned.task] = Task(
            id=planned.task,
            project=event.project,
            plan=event.plan,
            name=planned.name,
            title=planned.title,
            text=planned.text,
            needs=planned.needs,
            kind=planned.kind,
            files=planned.files,
            risk=planned.risk,
            purpose=planned.purpose,
            state=TaskState.QUEUED,
            at=at,
        )


def move_plan(state: State, event: ev.PlanEvent, at: str) -> None:
    plan = state.plan(event.plan)
    after = step(PLAN, f"plan {plan.id}", plan.state, event)
    reason = getattr(event, "reason", "")
    state.plans[plan.id] = replace(plan, state=after, reason=reason, at=at)
    if isinstance(event, ev.PlanReopened):
        # They may have been put away with it, and whoever looks for work only comes across the living.
        for name in plan.tasks:
            state.tasks[name] = state.tasks[name]
