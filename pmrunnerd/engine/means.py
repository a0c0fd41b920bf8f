"""What an agent with a model may use in one run, by the settings and by what was spent: pure."""

from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.entities import Run, Task
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.spec import Budget, Means
from pmrunnerd.model.state import State
from pmrunnerd.rules import budgets, drafting, limits
from pmrunnerd.rules.budgets import Ceilings

CLAUDE: Final = "claude"
ACP: Final = "acp"


def means(state: State, run: Run, settings: Settings) -> Means:
    """Return what a run may use; what it is known by is in no spec."""
    task = state.tasks[run.task]
    if run.agent == ACP:
        return Means(
            cli=settings.agent_acp_command,
            environment={**settings.agent_env, **settings.agent_acp_env},
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
        budget=_own(budget(state, task, settings, run.at[:10], run.id), run),
        spent=_spent(state, task, run),
        rounds=settings.agent_claude_rounds,
    )


def _own(limit: Budget | None, run: Run) -> Budget | None:
    """Return a limit with what a run was allowed of it: what comes free since is for others."""
    return replace(limit, most=run.allowed) if limit is not None and run.allowed else limit


def taken(settings: Settings, state: State, task: Task, now: str) -> str:
    """Say which run has all that is left of a limit, for which the task's next run has to wait."""
    known = ceilings(settings, limits.agent_of(state, task))
    return budgets.taken(state, task, known, now[:10])


def budget(
    state: State, task: Task, settings: Settings, today: str, run: str = ""
) -> Budget | None:
    """Return what limits the cost of a run of a task; `run` is its own name, once it has one."""
    return budgets.budget(state, task, ceilings(settings, CLAUDE), today, run)


def ceilings(settings: Settings, agent: str) -> Ceilings:
    """Return the limits that are set for what an agent costs; of others than Claude nobody could."""
    if agent != CLAUDE:
        return Ceilings()
    return Ceilings(
        run=settings.agent_claude_dollars,
        task=settings.agent_claude_task_dollars,
        plan=settings.agent_claude_plan_dollars,
        day=settings.agent_claude_day_dollars,
    )


def _spent(state: State, task: Task, run: Run) -> float:
    """Return what the session of a run has cost before it."""
    runs = [state.runs[name] for name in (*drafting.before(state, task), *task.runs)]
    ended = (one.ended for one in runs if one.session == run.session and one.ended is not None)
    return round(sum(one.dollars or 0.0 for one in ended), 6)
