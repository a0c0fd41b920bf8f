"""Folds one fact into a state: the only function that writes to a `State`.

It checks what the tables of `transitions` and the identifiers say, and nothing else: whether a
fact was wise is decided before it is recorded, in `decide` and `agenda`.
"""

from typing import Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import (
    Ended,
    Message,
    Plan,
    PlanState,
    Project,
    Question,
    Response,
    Run,
    Task,
    TaskState,
)
from pmrunnerd.model.errors import Conflict, IllegalTransition
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules.transitions import PLAN, TASK, step

_ABOUT: Final = frozenset({"fact", "project", "by"})


def evolve(state: State, event: ev.AnyEvent, at: str) -> None:
    """Record one fact that happened at `at`.

    Raises IllegalTransition where the tables forbid it and NotFound where it names something that
    is not there; the state may then be half changed, so try facts on a draft.
    """
    match event:
        case ev.RunStarted() | ev.RunBegan() | ev.RunEnded():
            _run(state, event, at)
        case ev.LeftoversKept():
            _keep(state, event)
        case ev.QuestionAnswered() | ev.TaskAsked():
            _question(state, event, at)
        case ev.MessagePosted() | ev.PlanDrafted() | ev.PlanRefused():
            _conversation(state, event, at)
        case ev.ProjectAdded() | ev.ProjectChanged() | ev.ProjectRemoved():
            _project(state, event)
        case ev.DaemonStarted() | ev.DaemonStopped() | ev.CommitLost():
            _house(state, event)
        case ev.TaskCancelRequested():
            _request_cancel(state, event)
        case _ if isinstance(event, ev.TaskEvent):
            _move_task(state, event, at)
        case _:
            plan = state.plan(event.plan)
            after = step(PLAN, f"plan {plan.id}", plan.state, event)
            reason = getattr(event, "reason", "")
            state.plans[plan.id] = replace(plan, state=after, reason=reason, at=at)


def _count(state: State, identifier: str) -> None:
    kind, count = identifier[0], number(identifier)
    state.minted[kind] = max(count, state.minted.get(kind, 0))


def _house(state: State, event: ev.DaemonStarted | ev.DaemonStopped | ev.CommitLost) -> None:
    if isinstance(event, ev.DaemonStarted):
        state.release = event.release
    elif isinstance(event, ev.CommitLost):
        for identifier in event.minted:
            _count(state, identifier)


def _project(state: State, event: ev.ProjectAdded | ev.ProjectChanged | ev.ProjectRemoved) -> None:
    if isinstance(event, ev.ProjectAdded):
        if event.project in state.projects:
            raise Conflict(f"cannot add project {event.project}: it is there already")
        _count(state, event.project)
        settings = {k: v for k, v in asdict(event).items() if k not in _ABOUT}
        state.projects[event.project] = Project(id=event.project, **settings)
        return
    project = state.project(event.project)
    if isinstance(event, ev.ProjectRemoved):
        state.projects[project.id] = replace(project, removed=True)
        return
    changed = {k: v for k, v in asdict(event).items() if k not in _ABOUT and v is not UNSET}
    state.projects[project.id] = replace(project, **changed)


def _request_cancel(state: State, event: ev.TaskCancelRequested) -> None:
    task = state.task(event.task)
    if task.state is not TaskState.RUNNING:
        raise IllegalTransition(f"cannot stop task {task.id}: it is {task.state}")
    state.tasks[task.id] = replace(task, cancelling=event.by or "somebody")


def _conversation(
    state: State, event: ev.MessagePosted | ev.PlanDrafted | ev.PlanRefused, at: str
) -> None:
    if isinstance(event, ev.MessagePosted):
        _count(state, event.message)
        state.messages[event.message] = Message(
            id=event.message, project=event.project, text=event.text, by=event.by, at=at
        )
        return
    state.messages.pop(event.message, None)
    _count(state, event.plan)
    plan = Plan(
        id=event.plan,
        project=event.project,
        message=event.message,
        title="",
        state=PlanState.ERROR,
        at=at,
    )
    if isinstance(event, ev.PlanRefused):
        state.plans[plan.id] = replace(plan, reason=event.reason)
        return
    for planned in event.tasks:
        _count(state, planned.task)
        state.tasks[planned.task] = Task(
            id=planned.task,
            project=event.project,
            plan=event.plan,
            name=planned.name,
            title=planned.title,
            text=planned.text,
            needs=planned.needs,
            state=TaskState.QUEUED,
            at=at,
        )
    state.plans[plan.id] = replace(
        plan,
        title=event.title,
        state=PlanState.DRAFT,
        tasks=tuple(planned.task for planned in event.tasks),
    )


def _run(state: State, event: ev.RunStarted | ev.RunBegan | ev.RunEnded, at: str) -> None:
    if isinstance(event, ev.RunStarted):
        _count(state, event.run)
        _move_task(state, event, at)
        run = Run(
            id=event.run,
            task=event.task,
            project=event.project,
            agent=event.agent,
            attempt=event.attempt,
            session=event.session,
            at=at,
        )
        state.runs[run.id] = state.active[run.id] = run
        return
    run = state.run(event.run)
    if run.ended is not None:
        raise IllegalTransition(
            f"cannot record more of run {run.id}: it ended ({run.ended.outcome})"
        )
    if isinstance(event, ev.RunBegan):
        run = replace(run, cursor=event.cursor, head=event.head, confined=event.confined)
        state.runs[run.id] = state.active[run.id] = run
        return
    ended = Ended(
        outcome=event.outcome,
        at=at,
        reason=event.reason,
        status=event.status,
        commit=event.commit,
        kept=event.kept,
    )
    state.runs[run.id] = replace(run, cursor=event.cursor, ended=ended)
    del state.active[run.id]


def _keep(state: State, event: ev.LeftoversKept) -> None:
    run = state.runs.get(event.run)
    # It may be a run of a state directory that was started over since.
    if run is not None and run.ended is not None:
        state.runs[run.id] = replace(run, ended=replace(run.ended, kept=event.ref))


def _question(state: State, event: ev.QuestionAnswered | ev.TaskAsked, at: str) -> None:
    if isinstance(event, ev.QuestionAnswered):
        question = state.question(event.question)
        if question.answer is not None or question.withdrawn:
            raise IllegalTransition(f"cannot answer {question.id}: it is not open")
        answer = Response(text=event.text, by=event.by, at=at)
        state.questions[question.id] = replace(question, answer=answer)
        return
    for asked in event.questions:
        _count(state, asked.question)
        state.questions[asked.question] = Question(
            id=asked.question,
            project=event.project,
            task=event.task,
            run=event.run,
            text=asked.text,
            options=asked.options,
            at=at,
        )
    _move_task(state, event, at)


def _move_task(state: State, event: ev.TaskEvent, at: str) -> None:
    task = state.task(event.task)
    moved = replace(
        task,
        state=step(TASK, f"task {task.id}", task.state, event),
        reason=getattr(event, "reason", ""),
        held=isinstance(event, ev.TaskHeld),
        at=at,
    )
    match event:
        case ev.RunStarted():
            moved = replace(moved, runs=(*task.runs, event.run))
        case ev.TaskAsked():
            names = tuple(asked.question for asked in event.questions)
            moved = replace(moved, questions=(*task.questions, *names), interruptions=0)
        case ev.TaskInterrupted():
            moved = replace(moved, interruptions=task.interruptions + (not event.parked))
        case ev.TaskCompleted():
            moved = replace(moved, commit=event.commit)
        case ev.TaskCancelled():
            for question in state.open_questions(task):
                state.questions[question.id] = replace(question, withdrawn=True)
            moved = replace(moved, cancelling="")
        case ev.TaskRetried():
            moved = replace(moved, cancelling="", interruptions=0)
        case _:
            pass
    state.tasks[task.id] = moved
