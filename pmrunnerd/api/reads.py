"""One function per command that only looks: a request in, a view out, from durable facts alone."""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from msgspec.structs import replace

from pmrunnerd.api import gatings, pages, present, promotions, standing
from pmrunnerd.api import plans as plan_views
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.pruning import pruned
from pmrunnerd.engine.means import ceilings
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.entities import Run
from pmrunnerd.model.state import State
from pmrunnerd.rules import budgets, notices
from pmrunnerd.rules.limits import agent_of
from pmrunnerd.services import acpprogram


class Named(Protocol):
    """A thing with a name of its own."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Named)

Read = Callable[[Desk, Any], v.View]


def status(desk: Desk, _: p.Status) -> v.Overview:
    state = desk.store.state
    rows = _rows(desk)
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
        tasks=present.totals(state),
        runs=len(state.active),
        slots=desk.settings.runs_slots,
        questions=sum(row.questions for row in rows),
        confinement=desk.confinement,
        problem=desk.problem(),
        waiting=sum(row.waiting for row in rows) + len(standing.wanted(state)),
        refusal=desk.refusal(),
        retention=desk.retention.last,
        limits=standing.limited(state, desk.now()),
        spent=budgets.spent(state, desk.now()[:10]),
        configuration=desk.configuration(),
        canary=desk.canary(),
    )


def doctor(desk: Desk, _: p.Doctor) -> Checkup:
    found = desk.checkup()
    doors = map(_door, desk.doors.values())
    limits = standing.checks(desk.store.state, desk.now())
    told = notices.check(desk.settings)
    also = () if told is None else (told,)
    return replace(found, checks=(*found.checks, *_acp(desk), *doors, *limits, *also))


def _acp(desk: Desk) -> Iterator[Check]:
    """Look for the program of agent `acp`, where somebody means to use it: settings are ours."""
    settings = desk.settings
    projects = desk.store.state.projects.values()
    is_used = any(one.agent == acpprogram.AGENT and not one.removed for one in projects)
    if is_used or settings.agent_acp_command:
        yield acpprogram.check(settings.agent_acp_command, settings.agent_acp_shown)


def project_list(desk: Desk, _: p.ProjectList) -> v.ProjectTable:
    return v.ProjectTable(projects=_rows(desk))


def project_show(desk: Desk, request: p.ProjectShow) -> v.ProjectView:
    state = desk.store.state
    project = state.project(request.project)
    row = present.project_row(state, project, desk.waits)
    return v.ProjectView(project=project, row=replace(row, unconfined=desk.unconfined))


def _rows(desk: Desk) -> tuple[v.ProjectRow, ...]:
    rows = present.project_rows(desk.store.state, desk.waits)
    return tuple(replace(row, unconfined=desk.unconfined) for row in rows)


def chat_history(desk: Desk, request: p.ChatHistory) -> v.Conversation:
    project = desk.store.state.once_project(request.project)
    before, limit = request.before, request.limit
    return pages.page(desk.store, project.id, before, limit, unconfined=desk.unconfined)


def inbox(desk: Desk, request: p.Inbox) -> v.InboxTable:
    state = desk.store.state
    project = None if request.project is None else state.project(request.project)
    items = (
        present.inbox(state, project).items
        if request.question is None
        else (present.question_item(state, state.question(request.question)),)
    )
    wall = desk.unconfined
    waiting = tuple(replace(item, unconfined=wall) for item in items)
    return v.InboxTable(items=waiting, unconfined=wall)


def plan_list(desk: Desk, request: p.PlanList) -> v.PlanTable:
    state = desk.store.state
    plans, before = _page(
        desk.store.lists.plans(_chosen(state, request.project), request.before), request.limit
    )
    rows = tuple(plan_views.row(state, plan, unconfined=desk.unconfined) for plan in plans)
    return v.PlanTable(plans=rows, before=before)


def plan_show(desk: Desk, request: p.PlanShow) -> v.PlanView:
    state = desk.store.state
    plan = state.plan(request.plan)
    tasks = [state.tasks[t] for t in plan.tasks]
    limits = ceilings(desk.settings, plan.agent or state.projects[plan.project].agent)
    return v.PlanView(
        plan=plan,
        alias=state.projects[plan.project].alias,
        message=said.text if (said := desk.store.message(plan.message)) else "",
        tasks=tuple(
            present.task_row(state, task, desk.waits, texts=request.texts) for task in tasks
        ),
        unconfined=desk.unconfined and not plan.state.has_ended,
        making=plan_views.making(state, plan),
        cost=budgets.cost(state, tasks),
        limit=budgets.ceiling(state, budgets.PLAN, limits.plan, tasks),
    )


def task_list(desk: Desk, request: p.TaskList) -> v.TaskTable:
    state = desk.store.state
    tasks, before = _page(
        desk.store.lists.tasks(_chosen(state, request.project), request.before), request.limit
    )
    rows = tuple(present.task_row(state, task, desk.waits) for task in tasks)
    return v.TaskTable(tasks=rows, before=before)


def task_show(desk: Desk, request: p.TaskShow) -> v.TaskView:
    state = desk.store.state
    task = state.task(request.task)
    limits = ceilings(desk.settings, agent_of(state, task))
    return v.TaskView(
        task=task,
        alias=state.projects[task.project].alias,
        waits=present.why(state, task, desk.waits),
        runs=tuple(state.runs[run] for run in task.runs),
        questions=tuple(state.questions[question] for question in task.questions),
        let_go=tuple(run for run in task.runs if _is_let_go(desk, state.runs[run])),
        cost=budgets.cost(state, [task]),
        limit=budgets.ceiling(state, budgets.TASK, limits.task, [task]),
    )


def _is_let_go(desk: Desk, run: Run) -> bool:
    """Tell whether what a run kept is no more; of a removed project only our own files go."""
    if run.ended is None or not run.ended.kept:
        return False
    gone = pruned(desk, run.id)
    return gone is not None and run.ended.kept in gone.refs


def run_list(desk: Desk, request: p.RunList) -> v.RunTable:
    state = desk.store.state
    runs, before = _page(
        desk.store.lists.runs(_chosen(state, request.project), request.before), request.limit
    )
    return v.RunTable(runs=tuple(present.run_row(state, run) for run in runs), before=before)


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
        pruned=pruned(desk, run.id),
    )


def _door(door: v.Door) -> Check:
    if door.problem:
        why, _, then = door.problem.partition(ONCE_FREE)
        hint = f"{then}   # once the port is free" if then else "pmrunnerctl logs"
        return Check(name=f"{door.name} door", state="problem", found=why, hint=hint)
    return Check(name=f"{door.name} door", state="ok", found=door.address)


# What stands between why a door is not open and what opens it (systemd/web-problem).
ONCE_FREE: Final = "; once it is free: "

READS: Final[Mapping[type[p.Request[Any]], Read]] = {
    p.Status: status,
    p.Doctor: doctor,
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
    p.GateList: gatings.gate_list,
    p.GateShow: gatings.gate_show,
    p.PromotionList: promotions.promotion_list,
    p.PromotionShow: promotions.promotion_show,
}


def _chosen(state: State, project: str | None) -> str | None:
    return None if project is None else state.project(project).id


def _page(things: Iterator[T], limit: int) -> tuple[list[T], str | None]:
    """Return the first things of a list and, if there are more, the name before which they are."""
    page = list(islice(things, limit + 1))
    return page[:limit], page[limit - 1].id if len(page) > limit else None
