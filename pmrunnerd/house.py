"""One environment, built and alive: the rooms are joined here, and nowhere else.

Life is a day: open the store, settle, open the doors, say READY, wait, and leave in good order.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Final

from pmrunnerd import __version__
from pmrunnerd.api.access import roles
from pmrunnerd.api.control import ControlDoor
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import Limits
from pmrunnerd.api.web import WebDoor, WebLimits
from pmrunnerd.chronicle import Chronicle
from pmrunnerd.departure import Departure
from pmrunnerd.engine import means
from pmrunnerd.engine.admission import Admission
from pmrunnerd.engine.loop import Engine
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.pulse import Growth
from pmrunnerd.engine.runs import Runs
from pmrunnerd.engine.sweep import Sweeper, kept
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.options import Options
from pmrunnerd.outlet import Outlet
from pmrunnerd.outwork import Outwork
from pmrunnerd.rules import recovery
from pmrunnerd.services import invoked, room
from pmrunnerd.services.agents.registry import AGENTS
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.descriptors import Shortage, raise_limit, share
from pmrunnerd.services.host import place
from pmrunnerd.services.host.choice import choose
from pmrunnerd.services.resident import resident
from pmrunnerd.services.standpoint import within
from pmrunnerd.services.systemd import ServiceManager
from pmrunnerd.services.watch import RunWatch
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed, trouble
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

RELEASE: Final = f"{__version__}+checkout"
# How long runs may take to be parked before we leave without them, in seconds.
PARKING: Final = 20.0


class House:
    """Everything that one daemon owns. Raises what opening the store raises."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._clock = Clock()
        self._manager = ServiceManager()
        self._departure = Departure()
        self._store = Store(
            options.state_directory,
            self._clock.now,
            release=RELEASE,
            checkpoint=options.settings.store_checkpoint,
        )

    @property
    def comes_back(self) -> bool:
        """Whether another house is to be built at once."""
        return self._departure.comes_back

    async def live(self, ready: Callable[[], object], outlet: Outlet) -> None:
        """Recover, open the doors, call `ready`, wait for a reason to leave, and leave."""
        chronicle = Chronicle(self._store, outlet)
        engine, desk, watch = self._build()
        await self._outwork.begin()
        desk.confinement = self._outwork.confining.shown
        asyncio.get_running_loop().set_exception_handler(Shortage())
        files = share(raise_limit())
        limits = Limits(connections=files.control)
        control = ControlDoor(desk, self._options.socket, roles(), limits=limits)
        web = WebDoor(desk, lambda: engine.turned, limits=WebLimits(connections=files.web))
        control.bind()
        self._departure.listen_to_signals()
        settled = self._settle()
        try:
            async with asyncio.TaskGroup() as house:
                storing = house.create_task(self._store.run(), name="store")
                telling = house.create_task(chronicle.run(), name="log")
                time = house.create_task(engine.run(), name="engine")
                doors = [
                    house.create_task(control.serve(), name="control door"),
                    house.create_task(web.serve(), name="web door"),
                ]
                await control.ready.wait()
                await self._make_sure(settled)
                self._manager.ready(f"environment {self._options.environment}")
                look = house.create_task(self._look_at_the_past(), name="scrub")
                sweep = house.create_task(self._sweeper.run(), name="sweep")
                tell = partial(setattr, desk, "confinement")
                knowing = self._outwork.confining.look_until_known(tell)
                confined = house.create_task(knowing, name="confinement")
                renewals = self._outwork.renewals(self._store, self._clock)
                renewed = house.create_task(renewals.run(), name="logins")
                pulse = house.create_task(self._prove_liveness(engine), name="watchdog")
                invoked.note(self._options.state_directory, self._options.words)
                ready()
                chronicle.catch_up()
                log.info("ready", extra={"fields": {"socket": self._options.socket}})
                await self._departure.wait()
                log.info("leaving", extra={"fields": {"why": self._departure.why}})
                if self.comes_back:
                    self._manager.status("restoring a state")
                else:
                    self._manager.stopping()
                self._sweeper.stop()  # or the doors wait for whoever prunes a large tree
                await self._part(engine)
                for task in (*doors, time, sweep, confined, renewed, pulse, look):
                    await _end(task)
                await self._say_goodbye()
                await _end(telling)
                await _end(storing)
        finally:
            watch.close()
            self._manager.close()

    def close(self) -> None:
        """Let go of the state."""
        self._store.close()

    def _build(self) -> tuple[Engine, Desk, RunWatch]:
        store, settings, clock = self._store, self._options.settings, self._clock
        state, unconfined = self._options.state_directory, settings.runs_unconfined
        host = choose(self._options.host, self._options.environment, state)
        directory = place.keep(Disk(), state, self._options.runs_directory, clock.now())
        self._outwork = outwork = Outwork(self._options, host, directory)
        growth = Growth()
        watch = RunWatch(directory, growth.grew)
        environment = self._options.environment
        runs = Runs(
            *(store, clock, host, watch, growth, directory, settings, environment),
            make_safe=outwork.make_safe,
            logins=str(outwork.place or ""),
        )
        workspaces = outwork.workspaces(store)
        remains = outwork.remains(store, workspaces)
        self._sweeper = Sweeper(
            *(store, clock, remains, kept(settings)), alive=host.alive, over=runs.over
        )
        least = room.least(memory=settings.runs_memory, disk=settings.disk_reserve)
        admission = Admission(store, clock, partial(room.measure, state), least)
        engine = Engine(
            *(store, clock, Planner(store), runs, workspaces, admission),
            slots=settings.runs_slots,
            taken=partial(means.taken, settings),
        )
        desk = Desk(
            store=store,
            settings=settings,
            environment=environment,
            release=RELEASE,
            started_at=clock.now(),
            state_directory=state,
            agents=tuple(AGENTS),
            confinement=outwork.confining.shown,
            waits=engine.waits,
            refusal=admission.refusal,
            alive=host.alive,
            grown=runs.grown,
            memory=resident,
            inspect=outwork.inspect,
            stop=self._departure.stop,
            checkup=lambda: within(state, RELEASE, outwork.found, unconfined=unconfined),
            problem=self._problem,
            full=partial(room.full, state),
            now=clock.now,
            reopen=self._departure.reopen,
            retention=self._sweeper,
            logins=outwork.logins(store, clock),
        )
        return engine, desk, watch

    def _settle(self) -> Commit:
        """Record that we are here, and what became of things while nobody was."""
        started = ev.DaemonStarted(release=RELEASE, pid=os.getpid())
        return self._store.commit(started, *recovery.settle(self._store.ahead))

    async def _make_sure(self, commit: Commit) -> None:
        """Wait until a commit is durable; a full disk only means that it is not."""
        try:
            await commit
        except StoreFailed:
            raise
        except Unavailable as exc:
            log.warning("%s", exc)

    async def _prove_liveness(self, engine: Engine) -> None:
        """Say that we are alive as often as the service manager wants, and only if we are."""
        within = self._manager.watchdog_seconds
        if within is None:
            return
        while True:
            # Both must have happened: the loop looked at the agenda, and the store answers. That
            # the disk is full is an answer.
            await self._make_sure(self._store.commit())
            if self._clock.monotonic() - engine.turned < within / 2:
                self._manager.alive()
            await asyncio.sleep(within / 4)

    async def _look_at_the_past(self) -> None:
        try:
            await self._outwork.errands.clear_abandoned()
            await self._store.scrub()
        except (OSError, MemoryError, RuntimeError) as exc:
            # No files, no memory, no thread: it is looked at after the next start.
            log.warning("cannot look at what is older: %s", trouble(exc))

    async def _say_goodbye(self) -> None:
        # On a full disk we leave all the same: whoever starts next finds all that was said.
        await self._make_sure(
            self._store.commit(ev.DaemonStopped(release=RELEASE, reason=self._departure.why))
        )

    def _problem(self) -> str:
        """Say what keeps us from recording, if anything does."""
        if self._store.failed is not None:
            return str(self._store.failed)
        if (wrong := self._store.wrong) is not None:
            return f"{wrong}: {wrong.hint}"
        full = room.full(self._options.state_directory)
        return f"{full}, and nothing new is accepted" if full else ""

    async def _part(self, engine: Engine) -> None:
        if self._departure.keep_runs:
            engine.freeze()
        elif not await engine.park(PARKING):
            log.warning("not every run was parked in time; they are found again at the next start")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
