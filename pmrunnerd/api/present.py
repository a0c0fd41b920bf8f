"""Turns a state into what people are shown; every door shows the same."""

import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from pmrunnerd.api import gatings, plans, promotions, standing
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import (
    PlanState,
    Project,
    Question,
    Run,
    Task,
    TaskKind,
    TaskState,
)
from pmrunnerd.model.naming import number
from pmrunnerd.model.questions import CLOSED, OPTIONS, OTHERWISE
from pmrunnerd.model.state import State
from pmrunnerd.rules import closing

Waits = Callable[[Task], str]


def totals(state: State) -> dict[TaskState, int]:
    """Count all tasks there ever were by state."""
    return {
        where: sum(state.tally(project, where) for project in state.projects) for where in TaskState
    }


def project_rows(state: State, waits: Waits) -> tuple[v.ProjectRow, ...]:
    """Return every project that was not removed, in the order in which they were added."""
    tasks: defaultdict[str, list[Task]] = defaultdict(list)
    for task in _going(state):
        tasks[task.project].append(task)
    waiting = Counter(item.project for item in inbox(state, None).items)
    return tuple(
        _project_row(state, project, tasks[project.id], waits, waiting[project.id])
        for project in state.projects.values()
        if not project.removed
    )


def project_row(state: State, project: Project, waits: Waits) -> v.ProjectRow:
    """Return one project at a glance."""
    tasks = [task for task in _going(state) if task.project == project.id]
    return _project_row(state, project, tasks, waits, len(inbox(state, project).items))


def _going(state: State) -> Iterable[Task]:
    """Return the tasks of plans that have not ended, oldest first.

    How long those of others are here is chance, and so is the order in which all of them are.
    """
    going = (t for t in state.tasks.values() if not state.plans[t.plan].state.has_ended)
    return sorted(going, key=lambda task: number(task.id))


def _project_row(
    state: State, project: Project, tasks: Sequence[Task], waits: Waits, waiting: int
) -> v.ProjectRow:
    questions = [question for task in tasks for question in state.open_questions(task)]
    return v.ProjectRow(
        id=project.id,
        alias=project.alias,
        path=project.path,
        project_type=project.project_type,
        agent=project.agent,
        tasks={where: state.tally(project.id, where) for where in TaskState},
        questions=len(questions),
        now=_now(state, project, tasks, questions, waits),
        waiting=waiting,
    )


def _now(
    state: State,
    project: Project,
    tasks: Sequence[Task],
    questions: Sequence[Question],
    waits: Waits,
) -> str:
    """Say what a project does; what runs comes first, then what a person can do about it."""
    running = [_running(task) for task in tasks if task.state is TaskState.RUNNING]
    if running:
        return f"running {', '.join(running)}"
    if questions:
        return f"waiting for an answer to {', '.join(question.id for question in questions)}"
    for plan in state.plans.values():
        if plan.project == project.id and plan.state is PlanState.AWAITING_APPROVAL:
            return f"waiting for approval of {plan.id}"
    for message in state.messages.values():
        if message.project == project.id:
            return f"planning {message.id}"
    for task in tasks:
        if task.state is TaskState.QUEUED:
            return f"{task.id} {task.name} waits: {waits(task) or 'it is next'}"
    return "idle"


def _running(task: Task) -> str:
    of = f" of {task.plan}" if task.kind is TaskKind.PLANNING else ""
    return f"{task.id} {task.name}{of}"


def inbox(state: State, project: Project | None) -> v.InboxTable:
    """Return open questions, plans that wait for approval, tasks held back, gates that did not pass, and logins.

    Oldest first.
    """
    items = [
        *(question_item(state, question) for question in _open(state)),
        *(
            plans.item(state, plan)
            for plan in state.plans.values()
            if plan.state is PlanState.AWAITING_APPROVAL
        ),
        *(
            _held_item(state, task)
            for task in state.tasks.values()
            if task.held and task.state is TaskState.QUEUED
        ),
    ]
    items += gatings.items(state)
    items += promotions.items(state)
    chosen = [item for item in items if project is None or item.project == project.id]
    chosen += standing.wanted(state, project)
    return v.InboxTable(
        items=tuple(sorted(chosen, key=lambda item: (item.at, standing.number_of(item))))
    )


def _open(state: State) -> Iterable[Question]:
    for task in state.tasks.values():
        if task.questions:
            yield from state.open_questions(task)


def question_item(state: State, question: Question) -> v.InboxItem:
    """Return a question as it was asked, with its options; it may have been answered since."""
    fixed = question.kind in CLOSED
    how = "--option 1" if fixed else "TEXT"
    return v.InboxItem(
        kind="question",
        id=question.id,
        project=question.project,
        alias=state.projects[question.project].alias,
        task=question.task,
        text=question.text,
        options=question.options,
        at=question.at,
        command=f"pmrunnerctl answer {question.id} {how}",
        fixed=fixed,
        details=question.details,
        multiple=question.multiple,
        by_runner=question.kind in OPTIONS,
        otherwise=OTHERWISE.get(question.kind, ""),
    )


def _held_item(state: State, task: Task) -> v.InboxItem:
    project = state.projects[task.project]
    return v.InboxItem(
        kind="held",
        id=task.id,
        project=task.project,
        alias=project.alias,
        task=task.id,
        text=task.reason,
        options=(),
        at=task.at,
        command=f"git -C {shlex.quote(project.path)} status",
        path=project.path,
    )


def task_row(state: State, task: Task, waits: Waits, *, texts: bool = False) -> v.TaskRow:
    """Return a task, without its text unless `texts` are wanted, and why it waits if it does."""
    return v.TaskRow(
        task=task if texts else replace(task, text=""),
        alias=state.projects[task.project].alias,
        waits=why(state, task, waits),
        unconfined=plans.was_unconfined(state, task),
        wants_login=standing.wants_login(state, task),
    )


def why(state: State, task: Task, waits: Waits) -> str:
    """Say why a task waits; nothing for one that does not."""
    if task.state is TaskState.AWAITING_RESPONSE:
        return "waits for an answer to " + ", ".join(q.id for q in state.open_questions(task))
    if task.state is TaskState.RUNNING:
        return closing.waits(state, task)
    return waits(task) if task.state is TaskState.QUEUED else ""


def run_row(state: State, run: Run) -> v.RunRow:
    """Return a run and what it is for."""
    alias, task = state.projects[run.project].alias, state.tasks[run.task]
    return v.RunRow(run=run, alias=alias, title=task.title)
