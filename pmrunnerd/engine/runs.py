"""Starts runs, follows what they report, and records how they end.

Intend, act, settle: the fact that a run started is durable before its run host is started, and a
daemon that finds such a fact without a run host knows that nothing happened.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from pmrunnerd.engine.beginning import begin
from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.engine.farewell import Farewell
from pmrunnerd.engine.pulse import Growth
from pmrunnerd.engine.records import TICK, Records
from pmrunnerd.engine.specs import spec
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Finished
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules import outcomes
from pmrunnerd.services import room
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.host import Host
from pmrunnerd.services.rundir import RunDirectory
from pmrunnerd.services.watch import RunWatch
from pmrunnerd.store.durable import FULL
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Until a disk that was full for a run's first file is tried again: each attempt is facts on it.
FULL_AGAIN: Final = 60.0
# What a run prints in so many seconds is read at once: a line at a time costs a thread's turn each.
BREATH: Final = 0.05


class Runs:
    """The runs of one environment, each known by its recorded name.

    `make_safe` sees to the workspace of a run whose host died; `logins` are where specs say.
    """

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        clock: Clock,
        host: Host,
        watch: RunWatch,
        growth: Growth,
        directory: Path,
        settings: Settings,
        environment: str,
        *,
        make_safe: Callable[[Path, str, float], Awaitable[str]],
        logins: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._complaints = Complaints(log, clock.monotonic)
        self._host = host
        self._watch = watch
        self._directory = directory
        self.settings = settings
        self._environment = environment
        self._logins = logins
        self._growth = growth
        self._records = Records(store, self._complaints, directory)
        self._farewell = Farewell(store, clock, host, make_safe)
        self.parking = False
        # Set when a run has ended; whoever waits for it clears it.
        self.over = asyncio.Event()

    async def grown(self, run: str) -> None:
        """Return when a run's event file may have grown, at the latest after a second."""
        await self._growth.wait(run, TICK)

    async def start(self, task: str) -> None:
        """Start a run of a queued task and follow it to its end."""
        state = self._store.ahead
        queued = state.tasks[task]
        if queued.state is not TaskState.QUEUED:
            return
        run = Mint(state.minted)("r", self._clock.token())
        started = begin(
            state,
            queued,
            self.settings,
            run=run,
            session=self._clock.uuid(),
            now=self._clock.now(),
        )
        await self._store.commit(started)
        if await self._launch(run):
            await self.follow_safely(run)

    async def stop(self, run: str) -> None:
        """Stop a run's host and return once `follow` has recorded the end."""
        while run in self._store.state.active:
            # Again and again: it may be on its way to be started, and not there yet.
            try:
                await self._host.stop(run)
            except (OSError, PmError) as exc:  # it does not die, or we have no descriptors
                self._complaints.of(f"stop run {run}", exc)
            self._growth.grew(run)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK / 4):
                    await self._store.changed(self._store.durable)

    async def follow_safely(self, run: str) -> None:
        """Follow a run; one that brings out a bug of ours ends as failed, and the others go on."""
        seen = outcomes.Seen(cursor=self._store.ahead.runs[run].cursor)
        try:
            await self._follow(run, seen)
        except StoreFailed:
            raise
        except Exception:
            log.exception("cannot follow run %s: this is a bug", run)
            seen.aside = await self._farewell.sweep(run) or seen.aside
            why = "cannot follow the run: this is a bug in pmrunnerd, and its log says where"
            await self._end(run, Finished(at="", outcome=Outcome.FAILED, reason=why), seen)

    async def _follow(self, run: str, seen: outcomes.Seen) -> None:
        """Read what a run reports, from the recorded cursor to its end, and record the end."""
        directory = RunDirectory(self._directory / run)
        finished: Finished | None = None
        self._watch.add(run)
        try:
            while finished is None:
                try:
                    # In this order: what a host wrote before it died is read after it was seen dead.
                    alive = self._host.alive(run)
                    looked = self._clock.monotonic()
                    page = await asyncio.to_thread(directory.read, seen.cursor, 256)
                except (OSError, PmError) as exc:
                    # Too many open files, say. The run does not notice, and the file stays.
                    self._complaints.of(f"read what run {run} does", exc)
                    await asyncio.sleep(TICK)
                    continue
                for cursor, progress in page:
                    seen.look(cursor, progress)
                    await self._records.take_in(run, cursor, progress)
                    if isinstance(progress, Finished):
                        finished = progress
                if page or finished:
                    continue
                if not alive:
                    seen.aside = await self._farewell.sweep(run)
                    finished = outcomes.gone(self._without_a_word(run, seen))
                else:
                    await self.grown(run)
                    # No pause for a run that says something now and then.
                    await asyncio.sleep(max(0, looked + BREATH - self._clock.monotonic()))
            await self._farewell.wait(run)
            await self._end(run, finished, seen)
        finally:
            self._watch.remove(run)
            self._growth.forget(run)

    async def _launch(self, run: str) -> bool:
        state = self._store.ahead
        wanted = spec(state, state.runs[run], self.settings, self._environment, self._logins)
        try:
            directory = RunDirectory(self._directory / run)
            await asyncio.to_thread(directory.write_spec, wanted, shared=self._host.shared)
            await self._host.start(run)
        except (OSError, PmError) as exc:
            why = f"cannot start the run host: {exc}"
            if isinstance(exc, OSError) and exc.errno in FULL:
                await self._end(run, outcomes.gone(why), outcomes.Seen(), blameless=True)
                self._complaints.of(f"start run {run}", exc, among="start")
                await asyncio.sleep(FULL_AGAIN)
                return False
            log.exception("cannot start run %s", run)
            failed = Finished(at="", outcome=Outcome.FAILED, reason=why)
            await self._end(run, failed, outcomes.Seen())
            return False
        return True

    def _without_a_word(self, run: str, seen: outcomes.Seen) -> str:
        """Say what is known of a run whose host is gone and did not say why."""
        never = f"it was never started{self._host.explains(run)}"
        gone = "its run host was gone without a word" if seen.cursor else never
        try:
            full = room.full(self._directory)
        except OSError as exc:
            self._complaints.of(f"see what run {run} had room for", exc)
            full = ""
        return f"{gone}; {full}" if full else gone

    async def _end(
        self, run: str, finished: Finished, seen: outcomes.Seen, *, blameless: bool = False
    ) -> None:
        while True:
            given = outcomes.Circumstances(
                patience=self.settings.runs_interruptions,
                parked=self.parking or blameless,
                rounds=self.settings.agent_claude_rounds,
                now=self._clock.now(),
            )
            state = self._store.ahead
            facts = outcomes.ended(state, state.runs[run], finished, seen, given)
            if await self._records.record(run, facts):
                self.over.set()
                return
