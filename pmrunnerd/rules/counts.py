"""Counts that are kept beside the entities: the last identifier of a kind, tasks by their state."""

from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State


def count(state: State, identifier: str) -> None:
    """Take note of an identifier, so that it is never given again."""
    kind, last = identifier[0], number(identifier)
    state.minted[kind] = max(last, state.minted.get(kind, 0))


def tally(state: State, project: str, where: TaskState, change: int) -> None:
    """Count so many tasks of a project more, or fewer, in a state."""
    state.tallies[f"{project} {where}"] = state.tally(project, where) + change
