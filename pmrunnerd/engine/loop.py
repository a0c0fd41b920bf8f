"""The one loop: look at the agenda, start what is missing, record what came back, again.

Every turn reconciles before it starts anything. The loop remembers nothing that matters: what it
keeps in memory is which of the actions it has in hand, so that it does not begin them twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Final

from pmrunnerd.engine.admission import Admission
from pmrunnerd.engine.checks import Checks
from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.pulse import Pulse
from pmrunnerd.engine.runs import Runs
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Task, TaskState
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.state import State
from pmrunnerd.rules import agenda
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# A lost wake-up costs this many seconds and nothing else.
TICK: Final = 1.0
# Where there is nothing to do and nothing to wait for, so many: we are awake to show that we can be.
IDLE: Final = 5.0
# Between two tries of an action that met a bug of ours, in seconds.
BUG: Final = 60.0


class Engine:
    """Owns time: everything that happens without being asked for happens in here."""

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        clock: Clock,
        planner: Planner,
        runs: Runs,
        workspaces: Workspaces,
        admission: Admission,
        checks: Checks,
        *,
        slots: int,
        taken: Callable[[State, Task, str], str] = lambda *_: "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._planner = planner
        self._runs = runs
        self._workspaces = workspaces
        self._admission = admission
        self._checks = checks
        self.slots = slots
        self._taken = taken
        self._wake = Pulse()
        self._in_hand: set[agenda.Action] = set()
        self._stopping = False
        # On a copy of a state: what is to be done is known, and nothing of it is.
        self.rests = False
        self._complaints = Complaints(log, clock.monotonic)
        self.turned: float = clock.monotonic()

    def waits(self, task: Task) -> str:
        """Say why a queued task does not run yet."""
        refusal = self._admission.refusal()
        now, clear = self._clock.now(), self._workspaces.clear
        return agenda.waits(
            self._store.state,
            task,
            slots=self.slots,
            refusal=refusal,
            clear=clear,
            now=now,
            taken=lambda one: self._taken(self._store.state, one, now),
        )

    async def run(self) -> None:
        """Turn for ever. Runs that an earlier daemon left are followed like any other."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="engine: listen")
            while True:
                await self._turn(group)
                self.turned = self._clock.monotonic()
                await self._wake.wait(TICK if self._has_work() else IDLE)

    async def park(self, seconds: float) -> bool:
        """Stop every run so that it is queued again; tell whether all are gone in time."""
        self._stopping = self._runs.parking = True
        self._wake.beat()
        deadline = self._clock.monotonic() + seconds
        # Ahead: a start that is on its way to the disk is a run that has to be parked, too.
        while self._has_runs() and self._clock.monotonic() < deadline:
            await self._wake.wait(TICK / 10)
        return not self._has_runs()

    def _has_work(self) -> bool:
        """Tell whether what is on the agenda may change with time alone: memory that is free again, a limit."""
        ahead = self._store.ahead
        queued = any(task.state is TaskState.QUEUED for task in ahead.tasks.values())
        return bool(self._in_hand or ahead.active or ahead.messages or queued)

    def _has_runs(self) -> bool:
        return bool(self._store.ahead.active or self._store.state.active)

    def freeze(self) -> None:
        """Start nothing more; what runs goes on without us."""
        self.slots = 0

    async def _listen(self) -> None:
        seen = 0
        while True:
            seen = await self._store.changed(seen)
            self._wake.beat()

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        for action in self._agenda():
            if action not in self._in_hand and self._may(action):
                self._in_hand.add(action)
                group.create_task(self._hold(action), name=f"engine: {action}")

    def _agenda(self) -> list[agenda.Action]:
        now = self._clock.now()
        return agenda.agenda(
            self._store.ahead,
            slots=self.slots,
            clear=self._workspaces.clear,
            stopping=self._stopping,
            now=now,
            taken=lambda task: self._taken(self._store.ahead, task, now),
        )

    def _may(self, action: agenda.Action) -> bool:
        match action:
            case _ if self.rests:
                return False
            case agenda.Follow(run):
                # Who starts a run follows it; before its host is there it would look gone.
                return agenda.Start(self._store.ahead.active[run].task) not in self._in_hand
            case agenda.Stop(run):
                return self._may_stop(run)
            case agenda.Start(task):
                return self._workspaces.is_free(task) and self._admission.admits(task)
            case agenda.Check():
                return not self._admission.drains()
            case _:
                return True

    def _may_stop(self, run: str) -> bool:
        """Tell whether a run is to be stopped by the durable mark: a cancel may yet be refused."""
        durable = self._store.state
        known = durable.active.get(run)
        return known is not None and (self._stopping or bool(durable.tasks[known.task].cancelling))

    async def _hold(self, action: agenda.Action) -> None:
        kind = type(action).__name__
        try:
            await self._perform(action)
            self._complaints.over(kind)
        except StoreFailed:
            raise
        except Unavailable as exc:
            # The disk is full. The action is on the agenda again at the next turn.
            self._complaints.of(f"go on with {action}", exc, among=kind)
            await asyncio.sleep(TICK)
        except Exception:
            # A bug that one message, task or run brings out must not take the others with it.
            log.exception("cannot go on with %s: this is a bug", action)
            await asyncio.sleep(BUG)
        finally:
            self._in_hand.discard(action)
            self._wake.beat()

    def _perform(self, action: agenda.Action) -> Coroutine[None, None, None]:
        match action:
            case agenda.Follow(run):
                return self._runs.follow_safely(run)
            case agenda.Remind(agent, expires):
                return self._remind(agent, expires)
            case agenda.Plan(message):
                return self._planner.plan(message)
            case agenda.Stop(run):
                return self._runs.stop(run)
            case _:
                return self._go_on_with(action)

    def _go_on_with(
        self, action: agenda.Start | agenda.Check | agenda.Judge | agenda.Probe
    ) -> Coroutine[None, None, None]:
        match action:
            case agenda.Start(task):
                return self._start(task)
            case agenda.Check(task):
                return self._check(task)
            case agenda.Judge(task):
                return self._checks.judge(task)
            case agenda.Probe(task):
                return self._workspaces.probe(task)

    async def _remind(self, agent: str, expires: str) -> None:
        await self._store.commit(ev.AgentExpiring(agent=agent, expires=expires))

    async def _check(self, task: str) -> None:
        # As of a run: no await from here to the fact that it has begun.
        if agenda.Check(task) in self._agenda() and not self._admission.drains():
            await self._checks.begin(task)

    async def _start(self, task: str) -> None:
        # Something may have been decided since the turn. No await from here to the fact that the
        # run started: who drains or reserves a workspace must not be wrong about it.
        try:
            if not self._is_due(task):
                return
            self._workspaces.forget(task)
            await self._runs.start(task)
        finally:
            self._admission.over(task)
        if not self._store.ahead.tasks[task].held:
            self._workspaces.is_fine(task)

    def _is_due(self, task: str) -> bool:
        return (
            agenda.Start(task) in self._agenda()
            and self._workspaces.is_free(task)
            and not self._admission.drains()
        )
