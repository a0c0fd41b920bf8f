"""One try of one gate: its name, its order, its start, and its end, whoever was there when it began."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.gates import Gate, GateResult, GateRun, Preparation, Verdict, Where
from pmrunnerd.services.gates import Kind, Trier, judging
from pmrunnerd.services.gates.narrowing import narrow
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Order

# No gate is called so: names of gates begin with a letter.
PREPARE: Final = "-prepare"
NO_HOST: Final = (
    'runs = "host" needs a systemd that boots a host for it, and here gates are processes without one: run pm-runner as a'
    " service, or try it on a machine of its own and sign what came of it: pmrunnerctl gate attest -h"
)
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

    @property
    def hosts(self) -> bool:
        """Tell whether a host can be booted for a gate."""
        return self._trier.hosts

    async def follow(  # noqa: PLR0913 - what is tried, on what, and for how long
        self,
        record: GateRun,
        gate: Gate,
        *,
        inputs: str,
        now: Callable[[], float],
        cancelled: Callable[[], bool],
        prepared: str = "",
        prepares: str = "",
        source: str = "",
    ) -> GateResult:
        """Start a gate that nobody has started, and return what came of it once it is over.

        What cannot be started has failed. A `source` is another tree than that of the gate run. Raises OSError where what
        came of it cannot be read, and Unavailable where nobody can say whether it goes on: it may, so whoever asks asks again.
        """
        one, started, refused = name(record, gate.name), now(), ""
        kind = Kind.PREPARE if prepares else _kind(gate)
        try:
            if not (cancelled() or self.place.record(one) or self.place.has_begun(one)):
                order = _order(record, gate, prepared, prepares)
                order = replace(order, source=source or order.source)
                refused = await self._start(one, kind, order)
            if not refused:
                await self._over(one, kind, cancelled)
        except Refused as exc:  # what was written down
            refused = str(exc)
        await asyncio.to_thread(self.place.tidy, one)
        found = await asyncio.to_thread(
            judging.result,
            self.place,
            one,
            gate,
            inputs=inputs,
            started=started,
            cancelled=cancelled(),
            refused=refused,
        )
        return replace(found, preparation=prepared)

    async def prepare(  # noqa: PLR0913 - what is prepared, from what, and for how long
        self,
        record: GateRun,
        preparation: Preparation,
        digest: str,
        paths: Iterable[str],
        *,
        now: Callable[[], float],
        cancelled: Callable[[], bool],
    ) -> str:
        """See to it that what gates need is there; return why it is not. Raises OSError.

        Only this one reaches a network and installs something; gates see what it made, and can change nothing of it. It is
        of the content of its `paths` alone, so whoever finds it has it from nothing else.
        """
        if self.place.is_prepared(digest):
            return ""
        gate = Gate(
            name=PREPARE, command=preparation.command, timeout=preparation.timeout, network=True
        )
        source = record.source
        if preparation.inputs:
            source = await asyncio.to_thread(narrow, self.place, source, paths, record.id)
        found = await self.follow(
            record, gate, inputs="", now=now, cancelled=cancelled, prepares=digest, source=source
        )
        if found.verdict is Verdict.PASSED or self.place.is_prepared(digest):
            return ""
        return f"{found.why}: {self.place.path(name(record, PREPARE))}/log"

    async def _start(self, one: str, kind: Kind, order: Order) -> str:
        """Start it where nobody has; return why it cannot be. Raises Unavailable, OSError where that is not known."""
        if kind is Kind.HOST and not self._trier.hosts:
            return NO_HOST
        try:
            await asyncio.to_thread(self.place.write, one, order, self._walls())
        except OSError as exc:
            return str(exc)
        if await self._trier.alive(one, kind):
            return ""
        try:
            await self._trier.start(one, kind)
        except TimeoutError:
            return ""  # it may begin all the same
        except (PmError, OSError) as exc:
            return str(exc)
        return ""

    async def _over(self, one: str, kind: Kind, cancelled: Callable[[], bool]) -> None:
        """Return once a gate's end is written down, or nobody is there who could write it."""
        looks, stopped = 0, False
        while self.place.record(one) is None:
            looks += 1
            if cancelled() and not stopped:
                stopped = True
                await self._trier.stop(one, kind)
                continue
            if looks % _ASK == 0 and not await self._trier.alive(one, kind):
                # Whoever tried it may have been killed, and have left something. What was written meanwhile is read by who judges.
                await self._trier.stop(one, kind)
                return
            await asyncio.sleep(_LOOK)


def _kind(gate: Gate) -> Kind:
    if gate.runs is Where.HOST:
        return Kind.HOST
    return Kind.NETWORK if gate.network else Kind.GATE


def _order(record: GateRun, gate: Gate, prepared: str, prepares: str) -> Order:
    return Order(
        gate=gate.name,
        command=gate.command,
        timeout=gate.timeout,
        tests=gate.tests,
        network=gate.network,
        host=gate.runs is Where.HOST,
        source=record.source,
        build=record.build,
        prepared=prepared,
        prepares=prepares,
    )
