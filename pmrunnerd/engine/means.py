"""What an agent with a model may use in one run, by the settings and by what was spent: pure."""

from typing import Final

from pmrunnerd.model.entities import Run, Task
from pmrunnerd.model.progress import Budget, Means
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.rules import budgets, drafting
from pmrunnerd.rules.budgets import Ceilings

CLAUDE: Final = "claude"
ACP: Final = "acp"


def means(state: State, run: Run, settings: Settings) -> Means:
    """Return what a run may use; what it is known by is in no spec."""
    task = state.tasks[run.task]
    if run.agent == ACP:
        return Means(
            cli=settings.agent_acp_command,
            environment=settings.agent_env,
            spent=_spent(state, task, run),
            rounds=settings.agent_acp_rounds,
            shown=settings.agent_acp_shown,
        )
    if run.agent != CLAUDE:
        return Means()
    return Means(
        cli=settings.agent_claude_path,
        model=settings.agent_claude_model,
        environment=settings.agent_env,
        turns=settings.agent_claude_turns,
        budget=budget(state, task, settings, run.at[:10], run.id),
        spent=_spent(state, task, run),
        rounds=settings.agent_claude_rounds,
    )


def budget(
    state: State, task: Task, settings: Settings, today: str, run: str = ""
) -> Budget | None:
    """Return what limits the cost of a run of a task; `run` is its own name, once it has one."""
    ceilings = Ceilings(
        run=settings.agent_claude_dollars,
        task=settings.agent_claude_task_dollars,
        plan=settings.agent_claude_plan_dollars,
        day=settings.agent_claude_day_dollars,
    )
    return budgets.budget(state, task, ceilings, today, run)


def _spent(state: State, task: Task, run: Run) -> float:
    """Return what the session of a run has cost before it."""
    runs = [state.runs[name] for name in (*drafting.before(state, task), *task.runs)]
    ended = (one.ended for one in runs if one.session == run.session and one.ended is not None)
    return round(sum(one.dollars or 0.0 for one in ended), 6)
