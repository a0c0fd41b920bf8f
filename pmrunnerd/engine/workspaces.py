"""Watches workspaces that held a task back, until a person has put them right."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model.errand import Probe
from pmrunnerd.model.errors import PmError
from pmrunnerd.services.errands import Errands
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# How long to leave a workspace alone between two looks at it, in seconds: at first, and at most.
PATIENCE: Final = 3.0
LONGEST: Final = 300.0
SEALED: Final = 30.0
# Looks that are under way at once, however many tasks are held.
AT_ONCE: Final = 2


class Workspaces:
    """Knows which held tasks may be tried again. `clear` is a guess; the run host looks itself."""

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        *,
        unconfined: bool,
        errands: Errands,
        runs: Path | None = None,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._complaints = Complaints(log, now)
        self._patience = patience
        self._unconfined = unconfined
        self._errands = errands
        self._runs = runs
        self._tries: dict[str, int] = {}
        self._looks: dict[str, int] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.clear: set[str] = set()
        self._reserved: set[str] = set()

    async def probe(self, task: str) -> None:
        """Look at the workspace of a held task once, after a while.

        The while doubles each time that a workspace looked fine and held the task all the same;
        and where each look is a unit, each time that it did not, up to SEALED seconds.
        """
        tries, looks = self._tries.get(task, 0), self._looks.get(task, 0)
        longer = min(self._patience * 2**looks, SEALED) if self._errands.sealed else 0.0
        await asyncio.sleep(max(longer, min(self._patience * 2**tries, LONGEST)))
        held = self._store.ahead.tasks[task]
        problem = await self._problem(self._store.ahead.projects[held.project].path)
        if not problem:
            self._tries[task] = tries + 1
            self._looks.pop(task, None)
            self._complaints.over(_deed(task))
            self.clear.add(task)
        else:
            self._looks[task] = looks + 1
            self._complaints.of(_deed(task), problem)

    async def _problem(self, path: str) -> str:
        """Say why no run could begin in a workspace; what keeps us from a look is a problem, too."""
        runs = str(self._runs or "")
        try:
            async with self._turn:
                found = await self._errands.do(
                    Probe(path=path, runs=runs, unconfined=self._unconfined)
                )
        except (OSError, PmError) as exc:
            return str(exc)
        return found.problem

    @contextmanager
    def reserved(self, project: str) -> Iterator[bool]:
        """Keep runs from starting in a workspace, for a moment; False where one has it."""
        if any(run.project == project for run in self._store.ahead.active.values()):
            yield False
            return
        self._reserved.add(project)
        try:
            yield True
        finally:
            self._reserved.discard(project)

    def is_free(self, task: str) -> bool:
        """Tell whether nobody has reserved the workspace of a task."""
        return self._store.ahead.tasks[task].project not in self._reserved

    def forget(self, task: str) -> None:
        """Look again before the next try."""
        self.clear.discard(task)

    def is_fine(self, task: str) -> None:
        """Note that a task was not held back; the next time we look as soon as the first time."""
        self._tries.pop(task, None)
        self._looks.pop(task, None)
        self._complaints.over(_deed(task))


def _deed(task: str) -> str:
    return f"go on with held task {task}"
