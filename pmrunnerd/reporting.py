"""What the service manager is told while we live: that we do, and in one line how it is going."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.views import Overview
from pmrunnerd.services.systemd import ServiceManager
from pmrunnerd.store.store import Store

# Seconds after which a line is looked at again, whatever was recorded; and between two of them.
LOOK: Final = 5.0
APART: Final = 1.0


def line(now: Overview) -> str:
    """Say how it is going: what is wrong, what waits for a person, what runs."""
    queued = now.tasks.get(TaskState.QUEUED, 0)
    wrong = [
        *([now.problem] if now.problem else []),
        *(f"{door.name} door: {door.problem}" for door in now.doors if door.problem),
        *([now.configuration] if now.configuration else []),
        *([f"none begins: {now.refusal}"] if now.refusal else []),
    ]
    going = [
        *([f"{now.waiting} waiting for you"] if now.waiting else []),
        f"{now.runs} of {now.slots} running",
        *([f"{queued} queued"] if queued else []),
    ]
    return "; ".join([f"{now.environment} {now.release}: {', '.join(going)}", *wrong])


class Reporting:
    """Talks to the manager until cancelled. `sure` waits for a commit, `alive` is about the loop."""

    def __init__(
        self,
        manager: ServiceManager,
        store: Store,
        overview: Callable[[], Overview],
        *,
        sure: Callable[[], Awaitable[None]],
        turned: Callable[[float], bool],
    ) -> None:
        self._manager = manager
        self._store = store
        self._overview = overview
        self._sure = sure
        self._turned = turned

    async def run(self) -> None:
        """Report, where somebody listens."""
        if not self._manager.listens:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell(), name="status")
            group.create_task(self._prove_liveness(), name="watchdog")

    async def _tell(self) -> None:
        told, seen = "", 0
        while True:
            if (now := line(self._overview())) != told:
                self._manager.status(now)
                told = now
            await asyncio.sleep(APART)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    seen = await self._store.changed(seen)

    async def _prove_liveness(self) -> None:
        """Say that we are alive as often as the service manager wants, and only if we are."""
        within = self._manager.watchdog_seconds
        if within is None:
            return
        while True:
            # Both must have happened: the loop looked at the agenda, and the store answers. That
            # the disk is full is an answer.
            await self._sure()
            if self._turned(within / 2):
                self._manager.alive()
            await asyncio.sleep(within / 4)
