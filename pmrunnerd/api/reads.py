"""One function per command that only looks: a request in, a view out, from durable facts alone."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

from pmrunnerd.api import pages, present
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Project
from pmrunnerd.model.state import State


class OfProject(Protocol):
    """A thing that belongs to a project."""

    @property
    def project(self) -> str: ...


T = TypeVar("T", bound=OfProject)

Read = Callable[[Desk, Any], v.View]


def status(desk: Desk, _: p.Status) -> v.Overview:
    state = desk.store.state
    rows = present.project_rows(state, desk.waits)
    return v.Overview(
        environment=desk.environment,
        release=desk.release,
        pid=os.getpid(),
        started_at=desk.started_at,
        state_directory=str(desk.state_directory),
        durable=desk.store.durable,
        memory=desk.memory(),
        doors=tuple(desk.doors.values()),
        projects=rows,
        tasks=present.counts(state.tasks.values()),
        runs=len(state.active),
        slots=desk.settings.runs_slots,
        questions=sum(row.questions for row in rows),
        confinement=desk.confinement,
        problem=desk.problem(),
        waiting=sum(row.waiting for row in rows),
    )


def project_list(desk: Desk, _: p.ProjectList) -> v.ProjectTable:
    return v.ProjectTable(projects=present.project_rows(desk.store.state, desk.waits))


def project_show(desk: Desk, request: p.ProjectShow) -> v.ProjectView:
    state = desk.store.state
    project = state.project(request.project)
    return v.ProjectView(project=project, row=present.project_row(state, project, desk.waits))


def chat_history(desk: Desk, request: p.ChatHistory) -> v.Conversation:
    project = desk.store.state.project(request.project)
    return pages.page(desk.store, project.id, request.before, request.limit)


def inbox(desk: Desk, request: p.Inbox) -> v.InboxTable:
    state = desk.store.state
    return present.inbox(state, _chosen(state, request.project))


def plan_list(desk: Desk, request: p.PlanList) -> v.PlanTable:
    state = desk.store.state
    plans = _latest(state.plans.values(), _chosen(state, request.project), request.limit)
    return v.PlanTable(plans=tuple(present.plan_row(state, plan) for plan in plans))


def plan_show(desk: Desk, request: p.PlanShow) -> v.PlanView:
    state = desk.store.state
    plan = state.plan(request.plan)
    return v.PlanView(
        plan=plan,
        alias=state.projects[plan.project].alias,
        message=pages.said(desk.store, plan),
        tasks=tuple(present.task_row(state, state.tasks[t], desk.waits) for t in plan.tasks),
    )


def task_list(desk: Desk, request: p.TaskList) -> v.TaskTable:
    state = desk.store.state
    tasks = _latest(state.tasks.values(), _chosen(state, request.project), request.limit)
    return v.TaskTable(tasks=tuple(present.task_row(state, task, desk.waits) for task in tasks))


def task_show(desk: Desk, request: p.TaskShow) -> v.TaskView:
    state = desk.store.state
    task = state.task(request.task)
    return v.TaskView(
        task=task,
        alias=state.projects[task.project].alias,
        waits=present.why(task, desk.waits),
        runs=tuple(state.runs[run] for run in task.runs),
        questions=tuple(state.questions[question] for question in task.questions),
    )


def run_list(desk: Desk, request: p.RunList) -> v.RunTable:
    state = desk.store.state
    runs = _latest(state.runs.values(), _chosen(state, request.project), request.limit)
    return v.RunTable(runs=tuple(present.run_row(state, run) for run in runs))


def run_show(desk: Desk, request: p.RunShow) -> v.RunView:
    state = desk.store.state
    run = state.run(request.run)
    row = present.run_row(state, run)
    return v.RunView(
        run=run,
        alias=row.alias,
        title=row.title,
        directory=str(desk.run_directory(run.id)),
        alive=run.ended is None and desk.alive(run.id),
    )


READS: Final[Mapping[type[p.Request[Any]], Read]] = {
    p.Status: status,
    p.ProjectList: project_list,
    p.ProjectShow: project_show,
    p.ChatHistory: chat_history,
    p.Inbox: inbox,
    p.PlanList: plan_list,
    p.PlanShow: plan_show,
    p.TaskList: task_list,
    p.TaskShow: task_show,
    p.RunList: run_list,
    p.RunShow: run_show,
}


def _chosen(state: State, project: str | None) -> Project | None:
    return None if project is None else state.project(project)


def _latest(things: Iterable[T], project: Project | None, limit: int) -> list[T]:
    """Return the last things of a project, or of all, latest first."""
    chosen = [thing for thing in things if project is None or thing.project == project.id]
    return chosen[: -limit - 1 : -1]
