"""A gate run under way, until each of its gates has ended, is answered for, or is left out."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.gates import (
    Gate,
    GateRecord,
    GateResult,
    Gating,
    GatingState,
    Verdict,
    Where,
)
from pmrunnerd.rules.gates import digests, globs, order, reuse
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.gates import listing
from pmrunnerd.services.gates.narrowing import narrow
from pmrunnerd.services.gates.tries import Tries
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

TICK: Final = 0.5


class Going:
    """Which gates of a gate run are in hand, and on what they are tried."""

    def __init__(
        self, store: Store, clock: Clock, tries: Tries, gating: Gating, record: GateRecord
    ) -> None:
        self._store = store
        self._clock = clock
        self._tries = tries
        self._id, self._project = gating.id, gating.project
        self._record = record
        self._gates = {gate.name: gate for gate in record.gates.gates}
        self._inputs: Mapping[str, str] = {}
        self._parts: Mapping[str, tuple[str, ...]] = {}
        self._prepared = ""
        self._needed: tuple[str, ...] = ()
        # What an earlier daemon started is followed like what we start.
        self._running = set(gating.under_way)
        self._wake = asyncio.Event()
        self._complaints = Complaints(log, clock.monotonic)

    @property
    def _now(self) -> Gating:
        return self._store.ahead.gating(self._id)

    async def look(self) -> None:
        """Know the digests of what each gate may depend on. Raises OSError."""
        tree = self._tries.place.tree(self._record.source)
        await asyncio.to_thread(self._look, tree)

    def _look(self, tree: Path) -> None:
        files = list(listing.pairs(tree))
        self._inputs = {
            name: digests.inputs(gate.inputs, files) for name, gate in self._gates.items()
        }
        paths = [path for path, _ in files]
        self._parts = {
            name: tuple(globs.select(gate.inputs, paths))
            for name, gate in self._gates.items()
            if gate.inputs and not gate.network
        }
        prepare = self._record.gates.prepare
        self._prepared = digests.preparation(prepare, files)
        if prepare is not None:
            self._needed = tuple(globs.select(prepare.inputs, [path for path, _ in files]))

    async def prepare(self) -> str:
        """See to it that what gates need is there; return why it is not. Raises OSError."""
        preparation = self._record.gates.prepare
        if preparation is None:
            return ""
        return await self._tries.prepare(
            self._record,
            preparation,
            self._prepared,
            self._needed,
            now=self._clock.posix,
            cancelled=lambda: bool(self._now.cancelling),
        )

    def follow_all(self, group: asyncio.TaskGroup) -> None:
        """Follow each gate that was started."""
        for name in sorted(self._running):
            self._begin(group, self._gates[name])

    async def step(self, group: asyncio.TaskGroup, at_once: int) -> bool:
        """Start what may start, and record what never will; tell whether nothing is left to do."""
        now = self._now
        if now.cancelling or now.record is None:
            return not self._running
        await self._recall(now.record)
        results = {one.gate: one.verdict for one in self._results()}
        next = order.order(self._record.gates, self._record.wanted, results, self._running, at_once)
        for gate, why in next.skip:
            await self._end(self._skipped(gate, why))
        for gate in next.start:
            if (answer := self._answer(gate)) is not None:
                await self._end(answer)
                continue
            fact = ev.GateStarted(gate_run=self._id, project=self._project, gate=gate.name)
            await self._store.commit(fact)
            self._running.add(gate.name)
            self._begin(group, gate)
        if next.skip or next.start:
            self._wake.set()
        return next.over

    async def woken(self) -> None:
        """Return when a gate has ended, and sometimes without a reason: it may have been cancelled."""
        try:
            async with asyncio.timeout(TICK):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def over(self) -> None:
        """Record the end, or that it was cancelled."""
        now = self._now
        if now.state is not GatingState.RUNNING:
            return
        run, project, ended = self._id, self._project, self._clock.posix()
        if now.cancelling:
            fact = ev.GateRunCancelled(gate_run=run, project=project, by=now.cancelling)
            await self._store.commit(fact)
        else:
            await self._store.commit(ev.GateRunEnded(gate_run=run, project=project, ended=ended))

    def _begin(self, group: asyncio.TaskGroup, gate: Gate) -> None:
        group.create_task(self._follow(gate), name=f"gate {gate.name} of {self._id}")

    async def _follow(self, gate: Gate) -> None:
        while gate.name in self._running:
            try:
                found = await self._tries.follow(
                    self._record,
                    gate,
                    inputs=self._inputs[gate.name],
                    now=self._clock.posix,
                    cancelled=lambda: bool(self._now.cancelling),
                    prepared=self._prepared,
                    source=await asyncio.to_thread(self._part, gate.name),
                )
                await self._end(found)
                self._running.discard(gate.name)
            except StoreFailed:
                raise
            except (OSError, Unavailable) as exc:
                # No descriptors, or a full disk. The gate does not notice, and is found again.
                self._complaints.of(f"record gate {gate.name} of {self._id}", exc)
                await asyncio.sleep(TICK)
        self._wake.set()

    def _part(self, gate: str) -> str:
        """Return the tree of a gate's inputs alone: what it could look at beside would answer for commits that have it not."""
        if gate not in self._parts:
            return ""
        place, source = self._tries.place, self._record.source
        return narrow(place, source, self._parts[gate], f"{self._id}-{gate}")

    async def _end(self, result: GateResult) -> None:
        await self._store.commit(
            ev.GateEnded(gate_run=self._id, project=self._project, result=result)
        )

    def _results(self) -> tuple[GateResult, ...]:
        record = self._now.record
        return () if record is None else record.results

    def _earlier(self) -> list[GateRecord]:
        return [
            one.record
            for one in self._store.ahead.gatings.values()
            if one.project == self._project and one.record is not None and one.id != self._id
        ]

    async def _recall(self, record: GateRecord) -> None:
        """Record what a person attested of this very source before, of gates that nobody tries here."""
        there = {one.gate: one.verdict for one in record.results}
        for gate in self._gates.values():
            theirs = gate.runs is Where.ATTESTED or (
                gate.runs is Where.HOST and not self._tries.hosts
            )
            comes = all(there.get(need) is Verdict.PASSED for need in gate.needs)
            if not theirs or not comes or gate.name in there or gate.name not in record.wanted:
                continue
            inputs = self._inputs[gate.name]
            found = reuse.attested(gate, self._record.source, inputs, self._earlier())
            if found is not None and gate.name not in self._running:
                await self._end(found)
                there[gate.name] = found.verdict

    def _answer(self, gate: Gate) -> GateResult | None:
        """Return an earlier result that holds for this gate, too."""
        same = [one for one in self._earlier() if one.build == self._record.build]
        inputs, now = self._inputs[gate.name], self._clock.posix()
        return reuse.answer(gate, inputs, self._prepared, same, now)

    def _skipped(self, gate: Gate, why: str) -> GateResult:
        return GateResult(
            gate=gate.name,
            verdict=Verdict.SKIPPED,
            definition=digests.definition(gate),
            inputs=self._inputs[gate.name],
            started=self._clock.posix(),
            seconds=0.0,
            why=why,
            preparation=self._prepared,
        )
