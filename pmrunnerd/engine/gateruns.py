"""One gate run, from the commit that somebody asked for to its last result."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pmrunnerd.engine.going import Going
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.gates import GateRecord, GateSet, Gating, GatingState
from pmrunnerd.rules.gates import declared, digests, order
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.gates import listing
from pmrunnerd.services.gates.tries import Tries
from pmrunnerd.store.store import Store


class Source(Protocol):
    """Takes commits out of projects, and keeps each tree by its digest where gates judge it."""

    async def commit(self, project: Project, name: str) -> str:
        """Return the full id of a commit, of the latest without a name. Raises PmError, OSError."""

    async def tree(self, project: Project, commit: str) -> str:
        """See to it that a commit's source is there; return its digest. Raises PmError, OSError."""


class Built(Protocol):
    """Knows what is built of a source, and keeps that tree by its digest beside the source."""

    async def tree(self, project: Project, source: str) -> str:
        """See to it that it is there; return its digest, or nothing. Raises PmError, OSError."""


class GateRuns:
    """Carries gate runs; `at_once` says how many gates of one are tried side by side."""

    def __init__(  # noqa: PLR0913 - what is judged, what tries it, and what keeps what came of it
        self,
        store: Store,
        clock: Clock,
        tries: Tries,
        source: Source,
        built: Built,
        at_once: Callable[[], int],
        building: set[str] | None = None,
    ) -> None:
        """In `building` are those for which it is seen to just now that what is built is there."""
        self._building = set[str]() if building is None else building
        self._store = store
        self._clock = clock
        self._tries = tries
        self._source = source
        self._built = built
        self._at_once = at_once

    async def carry(self, identifier: str) -> None:
        """Carry a gate run to its end. Raises Unavailable where it cannot go on now."""
        gating = self._store.ahead.gating(identifier)
        if gating.state is GatingState.QUEUED:
            await self._begin(gating)
            gating = self._store.ahead.gating(identifier)
        if gating.state is GatingState.RUNNING and gating.record is not None:
            await self._go_on(gating, gating.record)

    async def _begin(self, gating: Gating) -> None:
        """Take out the commit and record which gates it declares; refuse what has none that can be."""
        fact: ev.GateRunStarted | ev.GateRunRefused
        try:
            record = await self._record(gating)
            fact = ev.GateRunStarted(gate_run=gating.id, project=gating.project, record=record)
        except (PmError, OSError) as exc:
            fact = ev.GateRunRefused(gate_run=gating.id, project=gating.project, reason=_why(exc))
        # It may have been cancelled meanwhile.
        if self._store.ahead.gating(gating.id).state is GatingState.QUEUED:
            await self._store.commit(fact)

    async def _record(self, gating: Gating) -> GateRecord:
        project = self._store.ahead.project(gating.project)
        commit = await self._source.commit(project, gating.commit)
        source = await self._source.tree(project, commit)
        tree = self._tries.place.tree(source)
        # Whoever wrote the commit says how long this takes.
        gates = await asyncio.to_thread(_gates, tree)
        if gating.preparing:
            declared.must_prepare(gates)
        build = "" if gating.preparing else await self._build(gating, project, source)
        return GateRecord(
            id=gating.id,
            project=gating.project,
            commit=commit,
            source=source,
            build=build,
            definitions=digests.definitions(gates),
            gates=gates,
            wanted=() if gating.preparing else order.wanted(gates, gating.names),
            started=self._clock.posix(),
        )

    async def _build(self, gating: Gating, project: Project, source: str) -> str:
        self._building.add(gating.id)
        try:
            return await self._built.tree(project, source)
        finally:
            self._building.discard(gating.id)

    async def _go_on(self, gating: Gating, record: GateRecord) -> None:
        one = Going(self._store, self._clock, self._tries, gating, record)
        await one.look()
        why = await one.prepare()
        if why and not self._store.ahead.gating(gating.id).cancelling:
            reason = f"what its gates need could not be prepared: {why}"
            fact = ev.GateRunInterrupted(gate_run=gating.id, project=gating.project, reason=reason)
            await self._store.commit(fact)
            return
        async with asyncio.TaskGroup() as group:
            one.follow_all(group)
            while not await one.step(group, self._at_once()):
                await one.woken()
        await one.over()


def _gates(tree: Path) -> GateSet:
    """Return the gates that a source declares. Raises Refused where they are none, or do not fit it; OSError."""
    gates = declared.declared(listing.declaring(tree))
    declared.check_paths(gates, listing.paths(tree))
    return gates


def _why(exc: PmError | OSError) -> str:
    """Return why, with what can be pasted: whoever asked has gone away by now, and reads this."""
    hint = exc.hint if isinstance(exc, PmError) else ""
    return f"{exc}\n{hint}" if hint else str(exc)
