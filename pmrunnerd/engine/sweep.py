"""Lets go of what was kept of runs, by age and size: after a start, each hour, when it is much.

Intend, act: `RunPruned` is durable before anything is deleted. The directory of a run is emptied
first and goes last, after its references: while it is there and the fact is recorded, something is
left to do, whoever looks.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Final

from msgspec.structs import replace

from pmrunnerd.engine.gatesweep import GateSweep
from pmrunnerd.engine.remains import Remains
from pmrunnerd.engine.stock import Stock
from pmrunnerd.engine.trust import Trust
from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.upkeep import GatesLeft, PruneRow, PruneTable
from pmrunnerd.rules.retention import Files, Limits, Prune, needed, prunable
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Seconds between two sweeps; and after one that met a full disk or a bug.
HOUR: Final = 3600.0
AGAIN: Final = 60.0


def kept(settings: Settings) -> Limits:
    """Return how much is kept, as an operator has set it."""
    return Limits(
        age=settings.retention_age,
        size=settings.retention_size,
        latest=settings.retention_latest,
    )


class Sweeper:
    """One sweep at a time, whoever wants it. `over` is set when a run has ended.

    `alive` tells whether a run's host is; `every` is the seconds between two sweeps. `gates` is what gate runs left.
    """

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        clock: Clock,
        remains: Remains,
        limits: Limits,
        *,
        alive: Callable[[str], bool],
        over: asyncio.Event,
        every: float = HOUR,
        gates: GateSweep | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._remains = remains
        self._stock = Stock(store, clock, remains)
        self._trust = Trust(store, clock)
        self.limits = limits
        self._alive = alive
        self._over = over
        self._every = every
        self._gates = gates
        self._of_gates = GatesLeft()
        self._turn = asyncio.Lock()
        self._enough = threading.Event()
        self.last: v.Retention | None = None

    async def run(self) -> None:
        """Sweep until cancelled. What keeps one sweep from its end, keeps none of the next."""
        try:
            due = True
            while True:
                went_well = await self._safely(self.prune("", again=due))
                due = await self._until_due(self._every if went_well else AGAIN)
        except StoreFailed:
            return  # the store dies of it, and is heard
        finally:
            self.stop()

    def stop(self) -> None:
        """Have whatever is being done end soon, with what is left of it for another life."""
        self._enough.set()

    async def _safely(self, deed: Awaitable[object]) -> bool:
        try:
            await deed
        except StoreFailed:
            raise
        except (PmError, OSError) as exc:
            log.warning("cannot prune runs now: %s", exc)
        except Exception:
            log.exception("cannot prune runs: this is a bug")
        else:
            return True
        return False

    async def _until_due(self, seconds: float) -> bool:
        """Wait some seconds, or until a run has ended and there is too much: False then."""
        due = asyncio.get_running_loop().time() + seconds
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout_at(due):
                    await self._over.wait()
                self._over.clear()
                await self._safely(self._clear_due())
                if await self._is_too_much():
                    return False
        return True

    async def _clear_due(self) -> None:
        """Delete what waited for a run to end; nothing need be measured for that."""
        if self._remains.due:
            async with self._turn:
                await self._remains.clear_away(self._enough.is_set, again=False)

    async def _is_too_much(self) -> bool:
        try:
            async with self._turn:
                files = await self._stock.measure(self._enough.is_set, anew=False)
        except (PmError, OSError) as exc:
            log.warning("cannot measure what is kept of runs: %s", exc)
            return False
        self._take_stock(files, prunable_runs=self.last.prunable if self.last else 0)
        return sum(one.size for one in files) > self.limits.size

    async def look(self) -> PruneTable:
        """Return what `prune` would delete now. Raises OSError."""
        async with self._turn:
            if self._gates is not None:
                self._of_gates = await _as_far(self._gates.look(self._enough.is_set))
            files = await self._stock.measure(self._enough.is_set)
            rows = [self._row(one) async for one in self._gently(files, self.limits)]
            self._take_stock(files, prunable_runs=len(rows))
        return self._table(files, rows)

    async def prune(self, by: str, *, again: bool = True) -> PruneTable:
        """Delete what is beyond the limits, and what is left of that from earlier; `by` wants it.

        Where nobody does, nothing goes for its age by a clock that leapt. What failed earlier is
        tried only if `again`. Raises Unavailable on a full disk, StoreFailed, and OSError.
        """
        async with self._turn:
            if self._gates is not None:
                self._of_gates = await _as_far(self._gates.prune(self._enough.is_set))
            files = await self._stock.measure(self._enough.is_set)
            believed = bool(by) or self._trust.believes()
            limits = self.limits if believed else replace(self.limits, age=inf)
            rows: list[PruneRow] = []
            full: Unavailable | None = None
            try:
                async for one in self._gently(files, limits):
                    if self._enough.is_set():
                        break
                    row = self._row(one)
                    if await self._record(one, row, by):
                        rows.append(row)
            except StoreFailed:
                raise
            except Unavailable as exc:
                full = exc  # what was recorded before can go all the same, and makes room
            went = {row.run for row in rows}
            stays = [one for one in files if one.run not in went]
            could_go = [one async for one in self._gently(stays, limits)] if full else []
            self._take_stock(stays, prunable_runs=len(could_go))
            await self._remains.clear_away(self._enough.is_set, again=again)
        if full is not None:
            raise full
        return self._table(files, rows)

    async def _gently(self, files: list[Files], limits: Limits) -> AsyncIterator[Prune]:
        for one in prunable(self._store.ahead, files, limits):
            yield one
            await asyncio.sleep(0)  # each was a look at the disk, and others wait for the loop

    async def _record(self, one: Prune, row: PruneRow, by: str) -> bool:
        """Record that a run is let go, unless somebody came to need it meanwhile."""
        if needed(self._store.ahead, one.run) or self._alive(one.run):
            return False
        project = self._store.ahead.runs[one.run].project
        fact = ev.RunPruned(
            run=one.run, project=project, size=one.size, reason=one.reason, refs=row.refs, by=by
        )
        await self._store.commit(fact)
        self._remains.add(one.run, project)
        await self._remains.empty(one.run, self._enough.is_set)
        return True

    def _take_stock(self, files: list[Files], *, prunable_runs: int) -> None:
        self.last = v.Retention(
            at=self._clock.now(),
            size=sum(one.size for one in files),
            limit=self.limits.size,
            runs=len(files),
            prunable=prunable_runs,
            gates=self._of_gates.kept,
        )

    def _row(self, one: Prune) -> PruneRow:
        state = self._store.ahead
        run = state.runs[one.run]
        project = state.projects[run.project]
        # A project that was taken off the list keeps its directory as it is.
        kept = (run.ended.kept, *run.ended.also) if run.ended and not project.removed else ()
        return PruneRow(
            run=run.id,
            alias=project.alias,
            size=one.size,
            age=one.age,
            reason=one.reason,
            refs=tuple(filter(None, kept)),
        )

    def _table(self, files: list[Files], rows: list[PruneRow]) -> PruneTable:
        freed = sum(row.size for row in rows)
        return PruneTable(
            runs=tuple(rows),
            freed=freed,
            kept=sum(one.size for one in files) - freed,
            limit=self.limits.size,
            left=(*self._remains.told(), *self._stock.strange),
            gates=self._of_gates,
        )


async def _as_far(gates: Awaitable[GatesLeft]) -> GatesLeft:
    """Return what is known of gates; where that cannot be read, why: runs are looked after all the same."""
    try:
        return await gates
    except OSError as exc:
        log.warning("cannot look at what gate runs left: %s", exc)
        return GatesLeft(left=(str(exc),))
