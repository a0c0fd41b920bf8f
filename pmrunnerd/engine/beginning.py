"""The fact that begins a run of a queued task: pure."""

from pmrunnerd.engine.means import CLAUDE, budget
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Task
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting, limits


def begin(  # noqa: PLR0913 - what is asked of the state, and what it cannot know
    state: State, task: Task, settings: Settings, *, run: str, session: str, now: str
) -> ev.RunStarted:
    """Return it. `session` is for a task that has none yet; `now` is RFC 3339, in UTC."""
    earlier = (*drafting.before(state, task), *task.runs)
    agent = limits.agent_of(state, task)
    limit = budget(state, task, settings, now[:10]) if agent == CLAUDE else None
    return ev.RunStarted(
        run=run,
        task=task.id,
        project=task.project,
        agent=agent,
        attempt=len(task.runs) + 1,
        session=state.runs[earlier[-1]].session if earlier else session,
        allowed=limit.left if limit is not None else 0.0,
    )
