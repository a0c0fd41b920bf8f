"""What one run needs to know, drawn from the state: pure."""

from collections.abc import Iterator, Sequence, Set

from pmrunnerd.engine.means import means
from pmrunnerd.model.entities import Outcome, Run, Task, TaskKind
from pmrunnerd.model.progress import Answered, Limits, Needed, Spec
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting


def spec(state: State, run: Run, settings: Settings, environment: str) -> Spec:
    """Return the spec of a run that was recorded as started."""
    task, project = state.tasks[run.task], state.projects[run.project]
    plan = state.plans[task.plan]
    before = tuple(name for name in task.runs if name != run.id)
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
        interrupted=tuple(name for name in before if _was_interrupted(state.runs[name])),
        answers=tuple(_answered(state, task, before)),
        resumes=_resumes(state, task, before),
        kind=task.kind,
        bootstrap=project.bootstrap_prompt,
        plan=_plan(state, task) if task.kind is TaskKind.WORK else "",
        needed=tuple(_needed(state.tasks[name]) for name in task.needs),
        files=task.files,
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
    untold = _untold(state, task, before)
    for question in (state.questions[name] for name in task.questions):
        if question.answer is not None and question.kind is not Kind.HEAD:
            yield Answered(
                question=question.text,
                options=question.options,
                answer=question.answer.text,
                kind=question.kind,
                run=question.run,
                news=question.run in untold,
            )


def _untold(state: State, task: Task, before: Sequence[str]) -> Set[str]:
    """Return the latest run whose session was told what it did not know, and those since."""
    begun_anew = _begun_anew(state, task)
    untold: set[str] = set()
    for run in map(state.runs.__getitem__, before):
        if run.id in begun_anew or (run.ended is not None and run.ended.told):
            untold.clear()
        untold.add(run.id)
    return untold


def _begun_anew(state: State, task: Task) -> Set[str]:
    """Return the runs after which a person wants to begin anew: what they left, and those before."""
    asked = (state.questions[name] for name in task.questions)
    return {one.run for one in asked if one.kind is Kind.HEAD}


def _resumes(state: State, task: Task, before: Sequence[str]) -> str:
    """Return the reference of all that the runs before have left, since one was begun anew.

    One that ended before it had that back, or told its session where it is, has at most a part of it.
    """
    begun_anew = _begun_anew(state, task)
    left = ""
    for run in map(state.runs.__getitem__, before):
        if run.ended is None or run.id in begun_anew or run.ended.outcome is Outcome.SUCCEEDED:
            left = ""
        elif run.ended.restored or run.ended.told or not left:
            left = run.ended.kept
    return left


def _was_interrupted(run: Run) -> bool:
    # One that was to be cancelled can have died without a word as well as any other.
    return run.ended is not None and run.ended.outcome in {Outcome.INTERRUPTED, Outcome.CANCELLED}
