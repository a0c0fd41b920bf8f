"""What the next run of a task goes on from: what was left, what is news, and whose files those need.

A run can end before it had any of that, so it need not be the run before.
"""

from collections.abc import Sequence, Set

from pmrunnerd.model.entities import Outcome, Run, Task
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.state import State


def left(state: State, task: Task, before: Sequence[str]) -> Run | None:
    """Return the run that kept all that the runs before have left, since one was begun anew.

    One that ended before it had that back, or told its session where it is, has at most a part of it.
    """
    begun_anew = _begun_anew(state, task)
    last: Run | None = None
    for run in map(state.runs.__getitem__, before):
        if run.ended is None:
            continue  # it may yet end before it has that back
        if run.id in begun_anew or run.ended.outcome is Outcome.SUCCEEDED:
            last = None
        elif run.ended.restored or run.ended.told or last is None:
            last = run if run.ended.kept else None
    return last


def untold(state: State, task: Task, before: Sequence[str]) -> Set[str]:
    """Return the latest run whose session was told what it did not know, and those since.

    What was answered to these is news.
    """
    begun_anew = _begun_anew(state, task)
    found: set[str] = set()
    for run in map(state.runs.__getitem__, before):
        if run.id in begun_anew or _is_told(run):
            found.clear()
        found.add(run.id)
    return found


def gone_on_from(state: State, task: Task) -> Set[str]:
    """Return the runs whose files the next one may need: those with the session, and with the work."""
    told = [name for name in task.runs if _is_told(state.runs[name])]
    since = [*task.runs[-1:], *told[-1:]]
    if (kept := left(state, task, task.runs)) is not None:
        since.append(kept.id)
    return frozenset(task.runs[min(map(task.runs.index, since)) :]) if since else frozenset()


def _is_told(run: Run) -> bool:
    return run.ended is not None and run.ended.told


def _begun_anew(state: State, task: Task) -> Set[str]:
    """Return the runs after which a person wants to begin anew: what they left, and those before."""
    asked = (state.questions[name] for name in task.questions)
    return {one.run for one in asked if one.kind is Kind.HEAD}
