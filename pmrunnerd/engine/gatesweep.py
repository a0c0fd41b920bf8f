"""Lets go of what gate runs left and nobody asks for any more; the sweep of runs has it done with its own.

No fact is needed: what may go follows from the facts that are there, whoever looks.
"""

import asyncio
import logging
from collections.abc import Callable

from pmrunnerd.model.upkeep import GateLeft, GatesLeft
from pmrunnerd.rules.gates.keeping import Left, may_go
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.gates.leavings import Leavings
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)


class GateSweep:
    """Knows what gate runs left; the logs of the `latest` of each project stay."""

    def __init__(
        self, store: Store, clock: Clock, leavings: Leavings, latest: Callable[[], int]
    ) -> None:
        self._store = store
        self._clock = clock
        self._leavings = leavings
        self._latest = latest

    async def look(self, enough: Callable[[], bool]) -> GatesLeft:
        """Return what `prune` would delete now. Raises OSError."""
        left = await asyncio.to_thread(self._leavings.survey, self._clock.posix(), enough)
        rows = [_row(*found) for found in may_go(self._store.ahead, left, self._latest())]
        return _table(rows, sum(one.size for one in left))

    async def prune(self, enough: Callable[[], bool]) -> GatesLeft:
        """Delete what nobody needs. Raises OSError."""
        left = await asyncio.to_thread(self._leavings.survey, self._clock.posix(), enough)
        rows, stays = list[GateLeft](), list[str]()
        for one, _ in list(may_go(self._store.ahead, left, self._latest())):
            if enough():
                break
            # No await between the look and the deed: a gate run that is asked for later finds that it is gone.
            for found in may_go(self._store.ahead, [one], self._latest()):
                try:
                    self._leavings.set_aside(one)
                    rows.append(_row(*found))
                except OSError as exc:
                    stays.append(f"{one.part} {one.name}: {exc.strerror or exc}")
            await asyncio.sleep(0)
        stays += await asyncio.to_thread(self._leavings.clear, enough)
        for why in stays:
            log.warning("cannot delete what a gate run left: %s", why)
        return _table(rows, sum(one.size for one in left), tuple(stays))


def _row(one: Left, why: str) -> GateLeft:
    return GateLeft(part=str(one.part), name=one.name, size=one.size, reason=why)


def _table(rows: list[GateLeft], size: int, stays: tuple[str, ...] = ()) -> GatesLeft:
    freed = sum(row.size for row in rows)
    return GatesLeft(parts=tuple(rows), freed=freed, kept=size - freed, left=stays)
