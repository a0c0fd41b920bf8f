"""What is done before the end of a run is told: its host is gone, and nothing is left of one that died."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model.errors import PmError
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.host import Host
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# How long a run host may take to leave after its last word, in seconds; and until we look again.
PATIENCE: Final = 3.0
AGAIN: Final = 1.0


class Farewell:
    """Sees run hosts off. `make_safe` sees to the workspace of a run whose host died."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        host: Host,
        make_safe: Callable[[Path, str, float], Awaitable[str]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._host = host
        self._make_safe = make_safe
        self._complaints = Complaints(log, clock.monotonic)

    async def wait(self, run: str) -> None:
        """Wait until a run's host is gone: nothing of it may be left when the next one starts."""
        deadline = self._clock.monotonic() + PATIENCE
        there = True
        while there:
            there = await self._is_there(run, late=self._clock.monotonic() > deadline)

    async def _is_there(self, run: str, *, late: bool) -> bool:
        """Tell whether a run's host is there; stop it where that is too `late`."""
        try:
            if self._host.alive(run) and late:
                log.warning("run host of %s does not leave; stopping it", run)
                await self._host.stop(run)
            await asyncio.sleep(0.01)
            return self._host.alive(run)
        except (OSError, PmError) as exc:
            # No descriptors, say. What the run said stays true: it is asked again.
            self._complaints.of(f"see run host of {run} leave", exc)
            await asyncio.sleep(AGAIN)
            return True

    async def sweep(self, run: str) -> str:
        """End what a host that died may have left, and see to its workspace.

        Returns where repositories are that had to be set aside.
        """
        while True:
            try:
                await self._host.stop(run)
                break
            except (OSError, PmError) as exc:  # it does not die, or we have no descriptors
                self._complaints.of(f"end run {run}", exc)
                await asyncio.sleep(AGAIN)
        self._complaints.over(f"end run {run}")
        state = self._store.ahead
        known = state.runs[run]
        path = state.projects[known.project].path
        began = datetime.fromisoformat(known.at).timestamp()
        try:
            return await self._make_safe(Path(path), run, began)
        except (OSError, PmError) as exc:  # the next run puts it away
            log.warning("cannot look at what run %s left in %s: %s", run, path, exc)
            return ""
