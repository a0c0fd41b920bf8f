"""What one run needs to know, drawn from the state: pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from pmrunnerd.engine.means import means
from pmrunnerd.model.entities import Outcome, Run, Task, TaskKind
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.spec import Answered, Limits, Needed, Spec
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting, handover

# One that was to be cancelled can have died without a word as well as any other.
_CUT_SHORT: Final = frozenset({Outcome.INTERRUPTED, Outcome.CANCELLED})
# One that failed can have done so right behind its commit, and not have been able to take it back.
_UNSURE: Final = _CUT_SHORT | {Outcome.FAILED}


def spec(state: State, run: Run, settings: Settings, environment: str, logins: str = "") -> Spec:
    """Return the spec of a run that was recorded as started; `logins` as it has it."""
    task, project = state.tasks[run.task], state.projects[run.project]
    plan = state.plans[task.plan]
    before = tuple(name for name in task.runs if name != run.id)
    left = handover.left(state, task, before)
    return Spec(
        environment=environment,
        run=run.id,
        task=task.id,
        project=project.alias,
        agent=run.agent,
        title=task.title,
        text=task.text,
        workspace=project.path,
        limits=Limits(total=settings.runs_total, silence=settings.runs_silence),
        session=run.session,
        attempt=run.attempt,
        earlier=(*drafting.before(state, task), *before),
        interrupted=tuple(name for name in before if _ended(state.runs[name]) in _CUT_SHORT),
        perhaps_finished=tuple(name for name in before if _ended(state.runs[name]) in _UNSURE),
        answers=tuple(_answered(state, task, before)),
        resumes=left.ended.kept if left is not None and left.ended is not None else "",
        kind=task.kind,
        bootstrap=project.bootstrap_prompt,
        plan=_plan(state, task) if task.kind is not TaskKind.PLANNING else "",
        needed=tuple(_needed(state.tasks[name]) for name in task.needs),
        files=task.files,
        purpose=task.purpose,
        objections=(
            *(plan.objections if task.kind is TaskKind.PLANNING else ()),
            *task.objections,
        ),
        means=means(state, run, settings),
        trailers=(
            ("PM-Runner-Message", plan.message),
            ("PM-Runner-Plan", task.plan),
            ("PM-Runner-Task", task.id),
            ("PM-Runner-Run", run.id),
        ),
        unconfined=settings.runs_unconfined,
        logins=logins,
    )


def _plan(state: State, task: Task) -> str:
    """Return what a task is a part of: the title of its plan, and that plan's tasks, one a line."""
    plan = state.plans[task.plan]
    work = (t for t in map(state.tasks.__getitem__, plan.tasks) if t.kind is TaskKind.WORK)
    return "\n".join([plan.title, *(f"- {one.name}: {one.title}" for one in work)])


def _needed(task: Task) -> Needed:
    return Needed(name=task.name, title=task.title, result=task.result, commit=task.commit)


def _answered(state: State, task: Task, before: Sequence[str]) -> Iterator[Answered]:
    """Yield what was answered to the task, but for what the runner asked of the workspace."""
    untold = handover.untold(state, task, before)
    for question in (state.questions[name] for name in task.questions):
        if question.answer is not None and question.kind is not Kind.HEAD:
            yield Answered(
                question=question.text,
                options=question.options,
                answer=question.answer.text,
                kind=question.kind,
                run=question.run,
                news=question.run in untold,
                about=question.about,
                key=question.key,
            )


def _ended(run: Run) -> Outcome | None:
    return None if run.ended is None else run.ended.outcome
