"""Keeps machine and provider from taking on more runs at once than they have room for."""

import logging
from collections.abc import Callable
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.rules import accounts, admission, limits
from pmrunnerd.rules.admission import Least, Room
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# For how long a run is young: it has hardly taken yet what it will need, in seconds.
YOUNG: Final = 10.0
# A measurement is good for this many seconds; who asks for a long list of tasks asks often.
FRESH: Final = 0.25
# Seconds between two runs of an agent whose provider's limit was over not long ago.
APART: Final = 5.0


class Admission:
    """Says why no further run may begin. `measure` returns what is free now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        measure: Callable[[], Room],
        least: Least,
        on_trial: Callable[[], str] = str,
    ) -> None:
        """`on_trial` returns the release that is, and nothing where none is."""
        self._store = store
        self._clock = clock
        self._measure = measure
        self._on_trial = on_trial
        self._trial = ""
        self.least = least
        self._begun: dict[str, float] = {}
        self._latest: dict[str, float] = {}
        self._measured = -FRESH
        self._room = Room(memory=None, disk=None)
        self._refused = False
        self._complaints = Complaints(log, clock.monotonic)

    def refusal(self) -> str:
        """Say why no further run begins now; empty where one may."""
        return self.drains() or self._hindrance()

    def drains(self) -> str:
        """Say that a person wants no more runs; empty where nobody does."""
        return admission.drains(self._store.ahead)

    def admits(self, task: str) -> bool:
        """Tell whether a run of a task may begin now; then it counts as young from now on."""
        agent = self._agent(task)
        if self._crowds(agent):
            return False
        why = self.refusal()
        if why and not self._refused:
            log.warning("no run begins: %s", why)
        elif self._refused and not why:
            log.info("runs begin again")
        self._refused = bool(why)
        if not why:
            self._begun[task] = self._latest[agent] = self._clock.monotonic()
        return not why

    def over(self, task: str) -> None:
        """Note that a run of a task is over, and keeps nothing from anybody any more."""
        self._begun.pop(task, None)

    def _agent(self, task: str) -> str:
        known = self._store.ahead.tasks.get(task)
        return limits.agent_of(self._store.ahead, known) if known is not None else ""

    def _crowds(self, agent: str) -> bool:
        """Tell whether a run comes too soon after another, where all would meet the limit again."""
        account = accounts.of(self._store.ahead, agent)
        if not limits.was_over_lately(account, self._clock.now()):
            return False
        latest = self._latest.get(agent)
        return latest is not None and self._clock.monotonic() - latest < APART

    def _hindrance(self) -> str:
        now = self._clock.monotonic()
        if now - self._measured >= FRESH:
            self._room, self._measured = self._look(), now
            self._trial = self._on_trial()
        if self._trial:
            return admission.on_trial(self._trial)
        young = sum(now - begun < YOUNG for begun in self._begun.values())
        return admission.shortage(self._room, self.least, young=young)

    def _look(self) -> Room:
        try:
            return self._measure()
        except OSError as exc:
            self._complaints.of("see how much room there is", exc)
            return Room(memory=None, disk=None)
