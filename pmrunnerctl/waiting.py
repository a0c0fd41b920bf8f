"""Says why nothing of a plan begins, while somebody waits for it: each reason once."""

import re
from collections.abc import Sequence
from typing import Final

from pmrunnerctl.exits import Cannot
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.views import TaskRow

_NO_REASON: Final = frozenset({"", "starts now"})
# What a reason is the same without: so much free memory, or a little less.
_FIGURES: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


class Waiting:
    """Asks what the tasks of a plan wait for, whenever it is told that nothing has come for a while."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said: set[str] = set()

    def look(self, plan: str) -> bool:
        """Say what keeps a plan from going on, unless that was said, or a task of it runs.

        Tell whether it is a login: it may wait for that for ever.
        """
        try:
            rows = self._session.ask(p.PlanShow(plan=plan)).tasks
        except Cannot:  # whoever follows the plan will see for itself, and say so
            return False
        row = _first_to_wait(rows)
        if row is None:
            return False
        if (reason := _FIGURES.sub("", row.waits)) not in self._said:
            self._said.add(reason)
            self._session.note(f"task {row.task.id} waits: {self._session.addressed(row.waits)}")
        return row.wants_login


def _first_to_wait(rows: Sequence[TaskRow]) -> TaskRow | None:
    """Return the task that would begin next; what needs others is their business."""
    states = {row.task.id: row.task.state for row in rows}
    if TaskState.RUNNING in states.values():
        return None
    queued = (r for r in rows if r.task.state is TaskState.QUEUED and r.waits not in _NO_REASON)
    return next((r for r in queued if all(_is_complete(states, n) for n in r.task.needs)), None)


def _is_complete(states: dict[str, TaskState], task: str) -> bool:
    return states.get(task) is TaskState.COMPLETE
