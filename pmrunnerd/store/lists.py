"""Plans, tasks and runs, of a project or of all, latest first, as far back as there are any.

Each is looked at when it is wanted, so that a page costs what is on it, however much there is.
"""

from collections.abc import Iterator
from typing import Final

from pmrunnerd.model.entities import Plan, Run, Task
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.store.column import Column
from pmrunnerd.store.index import Index

_PAGE: Final = 64


class Lists:
    """`before` is a thing's name, below which to begin; it need not exist."""

    def __init__(self, state: State, index: Index) -> None:
        self._state = state
        self._index = index

    def plans(self, project: str | None, before: str | None) -> Iterator[Plan]:
        """Yield plans."""
        for count in self._numbers("p", "plans", project, _below(before)):
            if (plan := self._state.plans.get(f"p{count}")) is not None:
                yield plan
            elif project is not None:
                raise self._index.damaged(f"cannot find plan p{count}, which {project} has")

    def tasks(self, project: str | None, before: str | None) -> Iterator[Task]:
        """Yield tasks. A plan that a run proposes has its tasks long after plans that came later."""
        for count in self._numbers("t", "tasks", project, _below(before)):
            if (task := self._state.tasks.get(f"t{count}")) is not None:
                yield task
            elif project is not None:
                raise self._index.damaged(f"cannot find task t{count}, which {project} has")

    def runs(self, project: str | None, before: str | None) -> Iterator[Run]:
        """Yield runs."""
        for count in self._numbers("r", "runs", project, _below(before)):
            if (run := self.run(count)) is not None:
                yield run
            elif project is not None:
                raise self._index.damaged(f"cannot find run r{count}, which {project} has")

    def run(self, count: int) -> Run | None:
        """Return the run of a number, whatever chance has added to its name."""
        plan = self._state.plans.get(f"p{self._index.get('runs', count)}")
        names = (
            (name for task in plan.tasks for name in self._state.tasks[task].runs) if plan else ()
        )
        return next((self._state.runs[name] for name in names if number(name) == count), None)

    def _numbers(
        self, kind: str, table: str, project: str | None, below: int | None
    ) -> Iterator[int]:
        """Yield the numbers of what there is, or is of a project, from below one on backwards."""
        if project is not None:
            yield from _descending(self._index.column(f"{table}-{project}"), below)
            return
        top = self._state.minted.get(kind, 0) + 1
        yield from range((top if below is None else min(top, below)) - 1, 0, -1)


def _below(before: str | None) -> int | None:
    return None if before is None else number(before)


def _descending(column: Column, below: int | None) -> Iterator[int]:
    """Yield the numbers of a column that grows, from the last one below a number on backwards."""
    end = len(column) if below is None else column.before(below)
    while end > 0:
        yield from column.read(end - _PAGE, end)[::-1]
        end -= _PAGE
