"""Watches workspaces that held a task back, until a person has put them right."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from pmrunnerd.services import workspace
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# How long to leave a workspace alone between two looks at it, in seconds.
PATIENCE: Final = 3.0


class Workspaces:
    """Knows which held tasks may be tried again. `clear` is a guess; the run host looks itself."""

    def __init__(self, store: Store, *, unconfined: bool, patience: float = PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._unconfined = unconfined
        self.clear: set[str] = set()

    async def probe(self, task: str) -> None:
        """Look at the workspace of a held task once, after a while."""
        await asyncio.sleep(self._patience)
        held = self._store.ahead.tasks[task]
        path = Path(self._store.ahead.projects[held.project].path)
        status = await workspace.probe(path, unconfined=self._unconfined)
        if status.problem:
            log.info("workspace still holds task %s: %s", task, status.problem)
        else:
            self.clear.add(task)

    def forget(self, task: str) -> None:
        """Look again before the next try."""
        self.clear.discard(task)
