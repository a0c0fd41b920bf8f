"""What one run needs to know, drawn from the state: pure."""

from typing import Final

from pmrunnerd.model.entities import Outcome, Run
from pmrunnerd.model.progress import Answered, Limits, Means, Spec
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State

CLAUDE: Final = "claude"


def spec(state: State, run: Run, settings: Settings, environment: str) -> Spec:
    """Return the spec of a run that was recorded as started."""
    task, project = state.tasks[run.task], state.projects[run.project]
    asked = (state.questions[name] for name in task.questions)
    earlier = tuple(name for name in task.runs if name != run.id)
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
        earlier=earlier,
        interrupted=tuple(name for name in earlier if _was_interrupted(state.runs[name])),
        answers=tuple(
            Answered(question=q.text, options=q.options, answer=q.answer.text)
            for q in asked
            if q.answer is not None and q.kind is Kind.AGENT
        ),
        means=means(settings) if run.agent == CLAUDE else Means(),
        trailers=(
            ("PM-Runner-Message", state.plans[task.plan].message),
            ("PM-Runner-Plan", task.plan),
            ("PM-Runner-Task", task.id),
            ("PM-Runner-Run", run.id),
        ),
        unconfined=settings.runs_unconfined,
    )


def means(settings: Settings) -> Means:
    """Return what Claude Code may use; what it is known by is in no spec."""
    return Means(
        cli=settings.agent_claude_path,
        model=settings.agent_claude_model,
        environment=settings.agent_env,
        turns=settings.agent_claude_turns,
        dollars=settings.agent_claude_dollars,
        rounds=settings.agent_claude_rounds,
    )


def _was_interrupted(run: Run) -> bool:
    # One that was to be cancelled can have died without a word as well as any other.
    return run.ended is not None and run.ended.outcome in {Outcome.INTERRUPTED, Outcome.CANCELLED}
