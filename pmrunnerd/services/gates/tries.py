"""One try of one gate: its name, its order, its start, and its end, whoever was there when it began."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.gates import Gate, GateResult, GateRun
from pmrunnerd.services.gates import Trier, judging
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Order

log = logging.getLogger(__name__)

# Seconds between two looks for a record, and so many of these between two questions whether somebody is at it.
_LOOK: Final = 0.05
_ASK: Final = 10


def name(record: GateRun, gate: str) -> str:
    """Return by what name a gate of a gate run is tried: always the same, and no other's.

    What is written down outlives a state, which may start over and count from 1 again.
    """
    said = f"{record.id} {record.started!r} {record.commit} {record.source}"
    return f"{record.id}-{hashlib.sha256(said.encode()).hexdigest()[:8]}-{gate}"


class Tries:
    """Tries gates where `place` has them; `walls` are words for the walls of who is not confined by a unit."""

    def __init__(
        self, place: GatePlace, trier: Trier, walls: Callable[[], tuple[str, ...]] = tuple
    ) -> None:
        self.place = place
        self._trier = trier
        self._walls = walls

    async def follow(  # noqa: PLR0913 - what is tried, on what, and for how long
        self,
        record: GateRun,
        gate: Gate,
        *,
        inputs: str,
        now: Callable[[], float],
        cancelled: Callable[[], bool],
        prepared: str = "",
    ) -> GateResult:
        """Start a gate that nobody has started, and return what came of it once it is over.

        What cannot be started has failed. Raises OSError where what came of it cannot be read.
        """
        one, started, refused = name(record, gate.name), now(), ""
        try:
            if not (cancelled() or self.place.record(one) or self.place.has_begun(one)):
                await self._start(one, _order(record, gate, prepared), gate)
            await self._over(one, cancelled)
        except (PmError, OSError) as exc:
            refused = str(exc)
        await asyncio.to_thread(self.place.tidy, one)
        return await asyncio.to_thread(
            judging.result,
            self.place,
            one,
            gate,
            inputs=inputs,
            started=started,
            cancelled=cancelled(),
            refused=refused,
        )

    async def _start(self, one: str, order: Order, gate: Gate) -> None:
        await asyncio.to_thread(self.place.write, one, order, self._walls())
        if not await self._trier.alive(one):
            await self._trier.start(one, network=gate.network)

    async def _over(self, one: str, cancelled: Callable[[], bool]) -> None:
        """Return once a gate's end is written down, or nobody is there who could write it."""
        looks, stopped = 0, False
        while self.place.record(one) is None:
            looks += 1
            if cancelled() and not stopped:
                stopped = True
                await self._trier.stop(one)
                continue
            if looks % _ASK == 0 and not await self._trier.alive(one):
                return  # what was written meanwhile is read by who judges
            await asyncio.sleep(_LOOK)


def _order(record: GateRun, gate: Gate, prepared: str) -> Order:
    return Order(
        gate=gate.name,
        command=gate.command,
        timeout=gate.timeout,
        tests=gate.tests,
        network=gate.network,
        source=record.source,
        build=record.build,
        prepared=prepared,
    )
