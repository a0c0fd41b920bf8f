"""Records what a run reports before it ends: that it began, what it put away, that a model answered."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.progress import AnyProgress, Began, PutAway, Served
from pmrunnerd.rules import limits
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

TICK: Final = 1.0


class Records:
    """Writes facts of runs, again and again where the disk is full: what they said stays in a file."""

    def __init__(self, store: Store, complaints: Complaints, directory: Path) -> None:
        self._store = store
        self._complaints = complaints
        self._directory = directory

    async def take_in(self, run: str, cursor: int, progress: AnyProgress) -> None:
        """Record what must be known before a run ends."""
        match progress:
            case Began():
                while not await self.record(run, self._began(run, progress, cursor)):
                    pass
            case PutAway():
                await self._note_leftovers(run, progress)
            case Served():
                await self._served(run)
            case _:
                pass

    def _began(self, run: str, began: Began, cursor: int) -> tuple[ev.AnyEvent, ...]:
        known = self._store.ahead.runs[run]
        return (
            ev.RunBegan(
                run=run,
                project=known.project,
                cursor=cursor,
                head=began.head,
                confined=began.confined,
            ),
        )

    async def _served(self, run: str) -> None:
        while (facts := limits.answered(self._store.ahead, self._store.ahead.runs[run])) and (
            not await self.record(run, facts)
        ):
            pass

    async def _note_leftovers(self, run: str, put: PutAway) -> None:
        dead = self._store.ahead.runs.get(put.run)
        project = self._store.ahead.runs[run].project
        if dead is not None and dead.project != project:
            log.warning("run %s says that it cleared up after %s of another project", run, put.run)
            return
        known = dead.ended if dead is not None else None
        same = known is not None and known.kept == put.ref and put.also in ((), known.also)
        if known is not None and same and put.aside in ("", known.aside):
            return  # recorded by a daemon that did not get any further
        fact = ev.LeftoversKept(
            run=put.run,
            project=project,
            ref=put.ref,
            files=put.files,
            aside=put.aside,
            also=put.also,
        )
        while not await self.record(run, (fact,)):
            pass
        # What is kept of it is new, however long it lay in the workspace.
        with contextlib.suppress(OSError):
            os.utime(self._directory / put.run, follow_symlinks=False)

    async def record(self, run: str, facts: tuple[ev.AnyEvent, ...]) -> bool:
        """Record facts; False after a while where the disk takes none, and they are to be said again."""
        try:
            await self._store.commit(*facts)
        except StoreFailed:
            raise
        except Unavailable as exc:
            # The disk is full. What the run said stays in its file; say it again until it fits.
            self._complaints.of(f"record what run {run} did", exc)
            await asyncio.sleep(TICK)
            return False
        return True
