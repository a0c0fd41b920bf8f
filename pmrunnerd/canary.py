"""The canary of a release on trial: a message becomes a plan, the plan a task, and a run of it ends with a commit.

All of it goes through the engine, the host and the runs' own walls as any task does, but in a state and a workspace
of its own that are gone afterwards: no list shows them, the journal never has them, and no other release meets them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pmrunnerd.engine.admission import Admission
from pmrunnerd.engine.loop import Engine
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.pulse import Growth
from pmrunnerd.engine.runs import Runs
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Task, TaskState
from pmrunnerd.model.errand import Dispose, Nest
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.options import Options
from pmrunnerd.outwork import Outwork
from pmrunnerd.release import RELEASE
from pmrunnerd.rules.admission import Least, Room
from pmrunnerd.services import disposal
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.host import Host
from pmrunnerd.services.releases.shelf import root
from pmrunnerd.services.watch import RunWatch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Seconds that it may be away: runs come after all else on a busy machine, which is no fault of a release. Whoever promotes
# waits longer (rules/promotion/probation).
LONGEST: Final = 300.0
WORKSPACES: Final = Path("/srv/pm-runner")
NEST: Final = ".canary"
ELSEWHERE: Final = "var/lib/pm-runner/canary"
STATE: Final = "canary"
RUN: Final = "r1-canary"
SONG: Final = '# Canary\ntest -z "$(ls)" && echo sings >song'
_ENDED: Final = frozenset({TaskState.COMPLETE, TaskState.ERROR, TaskState.CANCELLED})
_ENOUGH: Final = Room(memory=None, disk=None)


class _Named(Clock):
    """Its run has a name that is known beforehand, so that what a killed daemon left of it is found."""

    def token(self) -> str:
        return RUN.partition("-")[2]


class Aviary:
    """Sends one canary; `canary` is what is known of it by now."""

    def __init__(  # noqa: PLR0913 - the hands that any task needs
        self,
        options: Options,
        settings: Settings,
        outwork: Outwork,
        host: Host,
        directory: Path,
        longest: float = LONGEST,
    ) -> None:
        """`directory` is that of all runs."""
        self._state = options.state_directory / STATE
        self._environment = options.environment
        self._settings, self._outwork, self._host = settings, outwork, host
        self._directory, self._longest = directory, longest
        self._workspace = _nest(options, installed=outwork.errands.sealed)
        self.canary: Canary | None = None

    async def live(self) -> None:
        """Send it where we are on trial, and clear away what is left of one."""
        if self._outwork.on_trial() == RELEASE:
            self.canary = Canary(flight=Flight.UNDER_WAY)
            self.canary = await self._sent()
            if self.canary.why:
                log.error("the canary is lost: %s", self.canary.why)
        if self._state.is_dir():
            try:
                await self._clear()
            except (OSError, PmError) as exc:  # the next start tries again
                log.warning("cannot clear away what is left of a canary: %s", exc)

    async def _sent(self) -> Canary:
        try:
            async with asyncio.timeout(self._longest):
                await self._clear()
                why = await self._flight()
        except TimeoutError:
            why = f"it was not back after {self._longest:g} s"
        except (OSError, PmError) as exc:
            why = str(exc)
        except Exception as exc:
            log.exception("cannot send a canary: this is a bug")
            why = repr(exc)
        return Canary(flight=Flight.LOST if why else Flight.BACK, why=why)

    async def _flight(self) -> str:
        """Have a task done, and return why it was not."""
        # First of all: by it whoever comes next knows that there is something to clear away.
        Disk().make_directory(self._state)
        await self._outwork.errands.do(Nest(path=str(self._workspace)))
        store = Store(self._state, Clock().now, release=RELEASE)
        try:
            async with self._working(store):
                await store.commit(
                    ev.ProjectAdded(project="w1", alias=STATE, path=str(self._workspace)),
                    ev.MessagePosted(message="m1", project="w1", text=SONG, by=STATE),
                )
                task = await _end(store)
        finally:
            store.close()
        if task.state is TaskState.COMPLETE and task.commit:
            return ""
        return f"its task is {task.state}: {task.reason or 'it made no commit'}"

    @asynccontextmanager
    async def _working(self, store: Store) -> AsyncIterator[None]:
        """Have a store and an engine at work, as those of a daemon are."""
        growth = Growth()
        watch = RunWatch(self._directory, growth.grew)
        try:
            async with asyncio.TaskGroup() as group:
                engine = self._engine(store, watch, growth)
                working = [
                    group.create_task(one, name="canary") for one in (store.run(), engine.run())
                ]
                try:
                    yield
                finally:
                    for one in reversed(working):
                        one.cancel()
        finally:
            watch.close()

    def _engine(self, store: Store, watch: RunWatch, growth: Growth) -> Engine:
        outwork, clock = self._outwork, _Named()
        runs = Runs(
            *(store, clock, self._host, watch, growth, self._directory),
            *(self._settings, self._environment),
            make_safe=outwork.make_safe,
        )
        workspaces = outwork.workspaces(store)
        checks = outwork.checks(store, outwork.evidence(store, workspaces), lambda: 1)
        # It takes next to nothing, and is not to wait for room: so nothing but the release can be to blame.
        admission = Admission(store, clock, lambda: _ENOUGH, Least(memory=0, disk=0))
        return Engine(*(store, clock, Planner(store), runs, workspaces, admission, checks), slots=1)

    async def _clear(self) -> None:
        """Have nothing there of it, of a daemon that was killed either. Raises PmError, OSError."""
        errands = self._outwork.errands
        if (self._directory / RUN).is_dir():
            if self._host.alive(RUN):
                await self._host.stop(RUN)
            if errands.sealed:
                await errands.do(Dispose(directory=str(self._directory), run=RUN))
            await asyncio.to_thread(disposal.empty, self._directory, RUN)
            disposal.remove(self._directory, RUN)
        if self._state.is_dir():
            await errands.do(Nest(path=str(self._workspace), gone=True))
            await asyncio.to_thread(Disk().remove_tree, self._state)


def _nest(options: Options, *, installed: bool) -> Path:
    """Return a place where workspaces of this environment may lie, and nobody has one."""
    if installed:
        return (
            WORKSPACES / {"prod": "projects"}.get(options.environment, options.environment) / NEST
        )
    return (options.root or root(installed=False)) / ELSEWHERE / options.environment


async def _end(store: Store) -> Task:
    """Return the task once nothing of it goes on."""
    seen = 0
    while True:
        seen = await store.changed(seen)
        for task in store.state.tasks.values():
            if task.state in _ENDED:
                return task
        if refused := [one for one in store.state.plans.values() if one.state.has_ended]:
            raise PmError(f"its plan is {refused[0].state}: {refused[0].reason}")
