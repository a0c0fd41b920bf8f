"""One environment, built and alive: the rooms are joined here, and nowhere else.

Life is a day: open the store, settle, open the doors, say READY, wait, and leave in good order.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from types import MappingProxyType
from typing import Final

from pmrunnerd.api import reads
from pmrunnerd.api.desk import Desk, no_restart
from pmrunnerd.canary import Aviary
from pmrunnerd.chronicle import Chronicle
from pmrunnerd.configured import Configured
from pmrunnerd.departure import Departure
from pmrunnerd.doors import Doors, listening
from pmrunnerd.engine import means
from pmrunnerd.engine.admission import Admission
from pmrunnerd.engine.gates import Gates
from pmrunnerd.engine.loop import Engine
from pmrunnerd.engine.notices import Notifier
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.pulse import Growth
from pmrunnerd.engine.runs import Runs
from pmrunnerd.engine.sweep import Sweeper, kept
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.settings import Settings
from pmrunnerd.options import Options, again
from pmrunnerd.outlet import Outlet
from pmrunnerd.outwork import Outwork
from pmrunnerd.release import HERE, RELEASE, level_before
from pmrunnerd.reporting import Reporting
from pmrunnerd.rules import recovery
from pmrunnerd.rules.admission import Least
from pmrunnerd.services import broom, invoked, jobs, parcel, room
from pmrunnerd.services.agents.registry import AGENTS
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.couriers.choice import choose as courier
from pmrunnerd.services.descriptors import Shortage, raise_limit, share
from pmrunnerd.services.filewatch import FileWatch
from pmrunnerd.services.host import place
from pmrunnerd.services.host.choice import choose
from pmrunnerd.services.resident import resident
from pmrunnerd.services.standpoint import within
from pmrunnerd.services.systemd import ServiceManager
from pmrunnerd.services.watch import RunWatch
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed, trouble
from pmrunnerd.store.levels import CURRENT
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# How long runs may take to be parked before we leave without them, in seconds.
PARKING: Final = 20.0
# Commits of a journal that are read between two words about it: less than a second's work.
OFTEN: Final = 5000


class House:
    """Everything that one daemon owns, `held` not: sockets of the service manager, by name.

    Raises what opening the store raises.
    """

    def __init__(
        self, options: Options, held: Mapping[str, socket.socket] = MappingProxyType({})
    ) -> None:
        self._options = options
        self._held = held
        self._clock = Clock()
        self._manager = ServiceManager()
        self._departure = Departure(self._is_stop)
        self._configured = Configured(options, partial(again, options, os.environ))
        self._born = self._clock.monotonic()
        self._rehearses = options.rehearsal is not None
        self._store = Store(
            options.state_directory,
            self._clock.now,
            release=RELEASE,
            levels=CURRENT.beside(level_before(HERE)),
            reached=self._read,
            checkpoint=options.settings.store_checkpoint,
        )

    def _read(self, commit: int) -> None:
        if commit % OFTEN == 0:
            self._manager.starting(f"reading the journal: commit {commit}")

    @property
    def comes_back(self) -> bool:
        """Whether another house is to be built at once."""
        return self._departure.comes_back

    @property
    def restarts(self) -> bool:
        """Whether the service manager is to start another process."""
        return self._departure.restarts

    async def live(self, ready: Callable[[], object], outlet: Outlet) -> None:
        """Recover, open the doors, call `ready`, wait for a reason to leave, and leave."""
        chronicle = Chronicle(self._store, outlet)
        engine, desk, watch = self._build()
        gating = self._outwork.gates(
            self._store, self._clock, lambda: self._configured.settings.gates_slots
        )
        if not self._rehearses:
            desk.confinement = await self._outwork.begin()
        asyncio.get_running_loop().set_exception_handler(Shortage())
        files = share(raise_limit())
        doors = Doors(*(desk, self._options, lambda: engine.turned), held=self._held, files=files)
        doors.bind()
        self._departure.listen_to_signals()
        file = FileWatch(self._options.configuration, self._configured.notice)
        settled = self._settle()
        try:
            async with asyncio.TaskGroup() as house:
                storing = house.create_task(self._store.run(), name="store")
                telling = house.create_task(chronicle.run(), name="log")
                time = house.create_task(engine.run(), name="engine")
                serving = house.create_task(doors.serve(), name="doors")
                await doors.ready()
                await self._make_sure(settled)
                self._manager.ready(f"environment {self._options.environment}")
                later = house.create_task(self._begin_the_rest(file), name="later")
                own = [] if self._rehearses else self._begin_our_own(house, gating, desk)
                pulse = house.create_task(self._reporting(engine, desk).run(), name="watchdog")
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
                for task in (serving, time, *own, pulse, later):
                    await _end(task)
                await self._say_goodbye()
                await _end(telling)
                await _end(storing)
        finally:
            watch.close()
            file.close()
            self._manager.close()

    def close(self) -> None:
        """Let go of the state."""
        self._store.close(stopped=self._departure.is_stop)

    def _build(self) -> tuple[Engine, Desk, RunWatch]:
        store, settings, clock = self._store, self._configured.settings, self._clock
        state, unconfined = self._options.state_directory, settings.runs_unconfined
        host = choose(self._options.host, self._options.environment, state)
        directory = place.keep(Disk(), state, self._options.runs_directory, clock.now())
        self._outwork = outwork = Outwork(
            *(self._options, settings, host, directory), doors=listening(self._held)
        )
        self._aviary = Aviary(self._options, settings, outwork, host, directory)
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
            *(store, clock, remains, kept(settings)),
            alive=host.alive,
            over=runs.over,
            gates=outwork.gate_sweep(
                store, clock, lambda: self._configured.settings.retention_gates
            ),
        )
        admission = Admission(
            *(store, clock, partial(room.measure, state), _least(settings)), outwork.on_trial
        )
        accounting = outwork.evidence(store, workspaces)
        checks = outwork.checks(
            store, accounting, lambda: self._configured.settings.runs_interruptions
        )
        engine = Engine(
            *(store, clock, Planner(store), runs, workspaces, admission, checks),
            slots=settings.runs_slots,
            taken=lambda *given: means.taken(self._configured.settings, *given),
        )
        self._moving = outwork.promotions(store, clock)
        engine.rests = self._rehearses
        self._notifier = Notifier(
            *(store, clock, courier(host, environment, state), settings),
            environment=environment,
            link=lambda: desk.link,
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
            configuration=self._configured.problem,
            canary=lambda: self._aviary.canary,
            restart=self._restart if self._manager.listens else no_restart,
            reload=self._configured.reload,
            logins=outwork.logins(store, clock),
            gateless=str,
            evidence=accounting,
            installed=outwork.errands.sealed,
            notices=self._notifier,
            gate_logs=outwork.gate_logs,
            building=outwork.building,
            running=outwork.running,
            premises=outwork.premises(accounting),
            promoting=self._moving,
            least_probation=ceil(2 * (self._manager.watchdog_seconds or 0)),
            token=clock.token,
        )

        def use(settings: Settings) -> None:
            runs.settings = desk.settings = self._notifier.settings = settings
            engine.slots = settings.runs_slots
            self._sweeper.limits = kept(settings)
            admission.least = _least(settings)

        self._configured.use(use)
        return engine, desk, watch

    def _begin_our_own(
        self, house: asyncio.TaskGroup, gating: Gates, desk: Desk
    ) -> list[asyncio.Task[None]]:
        """Begin what nobody asks us for, and what reaches beyond our state."""
        tell = partial(setattr, desk, "confinement")
        return [
            house.create_task(gating.run(), name="gates"),
            house.create_task(self._moving.run(), name="promotions"),
            house.create_task(self._aviary.live(), name="canary"),
            house.create_task(self._look_at_the_past(), name="scrub"),
            house.create_task(self._sweeper.run(), name="sweep"),
            house.create_task(self._outwork.live(self._store, tell), name="outwork"),
            house.create_task(self._notifier.run(), name="notices"),
        ]

    def _reporting(self, engine: Engine, desk: Desk) -> Reporting:
        return Reporting(
            *(self._manager, self._store, lambda: reads.status(desk, p.Status())),
            sure=lambda: self._make_sure(self._store.commit()),
            turned=lambda most: self._clock.monotonic() - engine.turned < most,
        )

    async def _is_stop(self) -> bool:
        unit = jobs.unit(self._options.environment)
        return not self._rehearses and self._manager.listens and await jobs.is_stop(unit)

    def _restart(self) -> None:
        self._departure.restart(self._clock.monotonic() - self._born)

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

    async def _begin_the_rest(self, file: FileWatch) -> None:
        """Do what can wait until whoever came while nobody was here is answered."""
        try:
            await asyncio.to_thread(parcel.prepare, broom)
        except (OSError, RuntimeError) as exc:  # RuntimeError: no more threads
            log.warning("cannot read yet what tidies workspaces: %s", exc)
        file.open()
        self._configured.notice()  # it may have been written since we read it

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


def _least(settings: Settings) -> Least:
    return room.least(memory=settings.runs_memory, disk=settings.disk_reserve)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
