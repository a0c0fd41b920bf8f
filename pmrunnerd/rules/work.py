"""What facts do to tasks, runs and questions; `evolve` has the table."""

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Ended, Question, Response, Run, Task, TaskState
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, budgets
from pmrunnerd.rules.counts import count, tally
from pmrunnerd.rules.transitions import TASK, step


def request_cancel(state: State, event: ev.TaskCancelRequested, _: str) -> None:
    task = state.task(event.task)
    if task.state is not TaskState.RUNNING:
        raise IllegalTransition(f"cannot stop task {task.id}: it is {task.state}")
    state.tasks[task.id] = replace(task, cancelling=event.by or "somebody")


def start_run(state: State, event: ev.RunStarted, at: str) -> None:
    count(state, event.run)
    move_task(state, event, at)
    run = Run(
        id=event.run,
        task=event.task,
        project=event.project,
        agent=event.agent,
        attempt=event.attempt,
        session=event.session,
        allowed=event.allowed,
        at=at,
    )
    state.runs[run.id] = state.active[run.id] = run
    accounts.start_run(state, event)


def begin_run(state: State, event: ev.RunBegan, _: str) -> None:
    run = replace(
        _under_way(state, event.run),
        cursor=event.cursor,
        head=event.head,
        confined=event.confined,
    )
    state.runs[run.id] = state.active[run.id] = run


def end_run(state: State, event: ev.RunEnded, at: str) -> None:
    run = _under_way(state, event.run)
    ended = Ended(
        outcome=event.outcome,
        at=at,
        reason=event.reason,
        status=event.status,
        commit=event.commit,
        kept=event.kept,
        also=event.also,
        aside=event.aside,
        peak_memory=event.peak_memory,
        cpu_seconds=event.cpu_seconds,
        noted=event.noted,
        dollars=event.dollars,
        turns=event.turns,
        findings=event.findings,
        restored=event.restored,
        told=event.told,
    )
    budgets.spend(state, event.dollars, at)
    state.runs[run.id] = replace(run, cursor=event.cursor, ended=ended)
    del state.active[run.id]
    accounts.end_run(state, run.agent, run.id)


def _under_way(state: State, name: str) -> Run:
    run = state.run(name)
    if run.ended is not None:
        raise IllegalTransition(
            f"cannot record more of run {run.id}: it ended ({run.ended.outcome})"
        )
    return run


def keep(state: State, event: ev.LeftoversKept, _: str) -> None:
    run = state.runs.get(event.run)
    # It may be a run of a state directory that was started over since.
    if run is not None and run.ended is not None:
        kept, aside = event.ref or run.ended.kept, event.aside or run.ended.aside
        also = event.also or run.ended.also
        state.runs[run.id] = replace(
            run, ended=replace(run.ended, kept=kept, also=also, aside=aside)
        )


def prune(state: State, event: ev.RunPruned, _: str) -> None:
    """Nothing of what is remembered goes; the history knows which runs lost their files."""
    if event.run in state.active:
        raise IllegalTransition(f"cannot prune run {event.run}: it is under way")


def answer(state: State, event: ev.QuestionAnswered, at: str) -> None:
    question = state.question(event.question)
    if question.answer is not None or question.withdrawn:
        raise IllegalTransition(f"cannot answer {question.id}: it is not open")
    budgets.raise_day(state, question, event.text, at)
    answer = Response(text=event.text, by=event.by, at=at)
    state.questions[question.id] = replace(question, answer=answer)


def ask(state: State, event: ev.TaskAsked, at: str) -> None:
    for asked in event.questions:
        count(state, asked.question)
        state.questions[asked.question] = Question(
            id=asked.question,
            project=event.project,
            task=event.task,
            run=event.run,
            text=asked.text,
            options=asked.options,
            kind=asked.kind,
            details=asked.details,
            multiple=asked.multiple,
            about=asked.about,
            key=asked.key,
            at=at,
        )
    move_task(state, event, at)


def move_task(state: State, event: ev.TaskEvent, at: str) -> None:
    task = state.task(event.task)
    moved = replace(
        task,
        state=step(TASK, f"task {task.id}", task.state, event),
        reason=getattr(event, "reason", ""),
        held=isinstance(event, ev.TaskHeld),
        at=at,
    )
    if isinstance(event, ev.TaskCancelled):
        for question in state.open_questions(task):
            state.questions[question.id] = replace(question, withdrawn=True)
    moved = _checked(moved, event) if task.kind.checks else moved
    moved = _moved(task, moved, event)
    state.tasks[task.id] = moved
    if moved.state is not task.state:
        tally(state, task.project, task.state, -1)
        tally(state, task.project, moved.state, 1)


def _moved(task: Task, moved: Task, event: ev.TaskEvent) -> Task:
    """Have a task know what a fact says of it, beside its state."""
    match event:
        case ev.RunStarted():
            moved = replace(moved, runs=(*task.runs, event.run))
        case ev.TaskAsked():
            names = tuple(asked.question for asked in event.questions)
            moved = replace(moved, questions=(*task.questions, *names), interruptions=0)
        case ev.TaskInterrupted():
            moved = replace(moved, interruptions=task.interruptions + (not event.parked))
        case ev.TaskCompleted():
            moved = replace(moved, commit=event.commit, result=event.result, source=event.source)
        case ev.TaskSentBack() | ev.TaskFailed():
            moved = _objected(task, moved, event)
        case ev.TaskCancelled(by=by, reason=reason):
            said = reason or (f"{by} cancelled it" if by else "")
            moved = replace(moved, cancelling="", reason=said)
        case ev.TaskRetried():
            moved = replace(moved, cancelling="", interruptions=0, sent_back=0)
        case _:
            pass
    return moved


def _checked(moved: Task, event: ev.TaskEvent) -> Task:
    """Have a task that checks know whether it is to look next, or an agent to mend."""
    match event:
        case ev.CheckBegan(gate_run=gate_run):
            return replace(moved, gate_run=gate_run)
        case ev.TaskMended():
            return replace(moved, objections=(), interruptions=0)
        case ev.TaskAsked(run=""):
            # Whoever answers wants it looked at, and then mended as often again.
            return replace(moved, sent_back=0)
        case ev.TaskRetried():
            return replace(moved, objections=())  # a person may have mended it
        case _:
            return moved


def _objected(task: Task, moved: Task, event: ev.TaskSentBack | ev.TaskFailed) -> Task:
    """Have the next run of a task know what was wrong with what the last one proposed."""
    if isinstance(event, ev.TaskSentBack):
        why = "it was sent back: " + "; ".join(one.partition("\n")[0] for one in event.objections)
        moved = replace(moved, sent_back=task.sent_back + 1, reason=why)
    return replace(moved, objections=event.objections or task.objections)
