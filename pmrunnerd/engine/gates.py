"""Has gates tried: what may start is the rules' to say, what came of each is recorded as a fact.

Intend, act, settle. A gate is started once it is recorded that it is to be; units live on when we go, and whoever
comes after us finds each by its name, which follows from what is recorded.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.engine.gateruns import GateRuns
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.gates import Gating
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.failures import StoreFailed, trouble
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

TICK: Final = 1.0
# Between two tries of a gate run that met a bug of ours, in seconds.
BUG: Final = 60.0


class Gates:
    """Carries each gate run of a state that has not ended, one after the other in each project."""

    def __init__(
        self, store: Store, clock: Clock, runs: GateRuns, clear: Callable[[], Awaitable[None]]
    ) -> None:
        """`clear` deletes what an earlier daemon took out of projects in part."""
        self._store = store
        self._clear = clear
        self._runs = runs
        self._in_hand: set[str] = set()
        self._complaints = Complaints(log, clock.monotonic)

    async def run(self) -> None:
        """Look, carry, and look again when something changed; gate runs of an earlier daemon among them."""
        await self._tidy()
        async with asyncio.TaskGroup() as group:
            seen = 0
            while True:
                for gating in self._due():
                    self._in_hand.add(gating.id)
                    group.create_task(self._hold(gating), name=f"gate run {gating.id}")
                # Where none goes on, only a change brings one.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK if self._going() else None):
                        seen = await self._store.changed(seen)

    async def _tidy(self) -> None:
        # By now nobody takes anything out: what is there in part stays in part.
        try:
            await self._clear()
        except OSError as exc:
            log.warning("cannot delete what was taken out of projects in part: %s", trouble(exc))

    def _due(self) -> list[Gating]:
        """Return the oldest of each project that goes on, where nobody has it in hand."""
        first: dict[str, Gating] = {}
        for gating in self._going():
            first.setdefault(gating.project, gating)
        return [gating for gating in first.values() if gating.id not in self._in_hand]

    def _going(self) -> list[Gating]:
        return [one for one in self._store.state.gatings.values() if not one.state.has_ended]

    async def _hold(self, gating: Gating) -> None:
        try:
            await self._runs.carry(gating.id)
        except StoreFailed:
            raise
        except (OSError, Unavailable) as exc:
            self._complaints.of(f"go on with gate run {gating.id}", exc)
            await asyncio.sleep(TICK)
        except Exception as exc:
            if isinstance(exc, ExceptionGroup) and exc.subgroup(StoreFailed):
                raise
            # A bug that one gate run brings out must not take the others with it.
            log.exception("cannot go on with gate run %s: this is a bug", gating.id)
            await asyncio.sleep(BUG)
        finally:
            self._in_hand.discard(gating.id)
