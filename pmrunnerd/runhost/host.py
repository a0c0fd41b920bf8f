"""One run, from the spec to the last word. Everything of it is in this order, and nowhere else."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.progress import Limited
from pmrunnerd.model.spec import Spec
from pmrunnerd.runhost import premises
from pmrunnerd.runhost.limits import measured
from pmrunnerd.runhost.reasons import explain
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.runhost.settle import settle, unsettled
from pmrunnerd.runhost.surroundings import environment
from pmrunnerd.services import cells, credentials, keptrefs, leftovers, lockfile, process, tenancy
from pmrunnerd.services.agents import registry
from pmrunnerd.services.agents.protocol import Agent, Job, Verdict
from pmrunnerd.services.cell import Cell
from pmrunnerd.services.cgroup import own
from pmrunnerd.services.credentials import NoLogin
from pmrunnerd.services.git import Git
from pmrunnerd.services.holding import Held
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.restoring import Restored, restore
from pmrunnerd.services.rundir import CannotReport, RunDirectory
from pmrunnerd.services.tenancy import Finished, Tenancy

log = logging.getLogger(__name__)

# Seconds by which the times of two disks may differ, and one be rounded.
_COARSE: Final = 2.0
# Seconds that may follow those that a run has to put things in order: for that git outside enters nothing.
_LAST: Final = 2.0
_TOLD: Final = "it was told to stop"
_INTERRUPTED: Final = Verdict(outcome=Outcome.INTERRUPTED, reason=_TOLD)

T = TypeVar("T")


class _CutShortError(Exception):
    pass


class RunHost:
    """Holds one run. Not to be used twice."""

    def __init__(self, directory: RunDirectory, report: Reporter) -> None:
        self._directory = directory
        self._report = report
        self._told_to_stop = False
        # What an earlier run of the task had not put away itself.
        self._left = ""
        self._earlier: tuple[str, ...] = ()
        self._secret: Mapping[str, str] = {}
        self._haste = 0.0  # before a spec is read there is nothing to put in order
        self._deadline: float | None = None
        self._limit: asyncio.Timeout | None = None
        self._working: asyncio.Task[Verdict | Exception] | None = None

    async def live(self, listening: Callable[[], None] = lambda: None) -> None:
        """Do the run and say how it ended. Raises CannotReport where that cannot be said.

        `listening` is called once a signal is heard and no longer deadly.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)
        listening()
        group, verdict = own(self._directory.run), await self._verdict()
        verdict = measured(verdict, group, self._report, stopped=self._told_to_stop)
        self._report.finished(verdict.outcome, verdict.reason, verdict.status)

    def _stop(self) -> None:
        # Once: a second cancellation would interrupt the killing that the first one began.
        if not self._told_to_stop and self._working is not None:
            self._working.cancel()
        self._told_to_stop = True
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._haste
            if self._limit is not None:
                self._limit.reschedule(self._deadline)

    async def _in_haste(self, doing: Coroutine[object, object, T]) -> T:
        """Do it; once we are told to stop only for some seconds. Raises _CutShortError."""
        try:
            async with asyncio.timeout_at(self._deadline) as limit:
                self._limit = limit
                return await doing
        except TimeoutError:
            if limit.expired():
                raise _CutShortError from None
            raise
        finally:
            self._limit = None

    async def _verdict(self) -> Verdict:
        try:
            return await self._run(self._directory.read_spec())
        except Finished as done:
            self._report.committed(done.commit)
            return Verdict(
                outcome=Outcome.SUCCEEDED, reason=f"run {done.commit.run} had finished the work"
            )
        except NoLogin as unknown:
            reason = f"{unknown}; {unknown.hint}"
            self._report.tell(Limited(at="", kind="login", reason=str(unknown)))
            return Verdict(outcome=Outcome.LIMITED, reason=reason)
        except Held as held:
            return Verdict(outcome=Outcome.HELD, reason=str(held))
        except _CutShortError:  # before the agent began
            return _INTERRUPTED
        except CannotReport:
            raise
        except Exception as exc:  # noqa: BLE001 - the last word must be said whatever happens
            return explain(exc, self._directory.path, os.environ)

    async def _run(self, spec: Spec) -> Verdict:
        agent = registry.find(spec.agent)
        self._haste = spec.limits.haste
        self._earlier = spec.earlier
        self._secret = self._known_by(agent, spec)
        cell = await self._cell(spec)
        for earlier in spec.earlier:
            if lockfile.is_held(self._sibling(earlier)):
                raise Refused(
                    f"cannot start run {spec.run}: run {earlier} of the same task is alive"
                )
            await leftovers.end(earlier, below=False)
        held = await self._in_haste(
            tenancy.take(
                Git(cell, spec.run),
                spec.perhaps_finished,
                alive=lambda run: lockfile.is_held(self._sibling(run)),
                began=self._began,
                put_away=self._put_away,
                tell=self._report.told,
            )
        )
        try:
            self._report.began(held.began.head, confined=cell.confined, pid=os.getpid())
            verdict = await self._work(agent, spec, cell, held.began)
            try:
                return await self._in_haste(settle(held, verdict, spec, self._report))
            except _CutShortError:
                await self._disarm(held)
                return unsettled(verdict, Outcome.INTERRUPTED, _TOLD)
        except Exception:
            await self._disarm(held)
            raise
        finally:
            held.close()

    async def _disarm(self, held: Tenancy) -> None:
        """See to it that a person's git enters nothing, where all that the run left stays."""
        try:
            async with asyncio.timeout(_LAST if self._told_to_stop else None):
                await held.disarm()
        except (PmError, OSError):  # a TimeoutError is one
            log.exception("cannot disarm what run %s left", self._directory.run)

    async def _cell(self, spec: Spec) -> Cell:
        return await cells.make(
            premises.workspace(spec),
            spec.run,
            agent=self._directory.make_agent(),
            hidden=premises.private(self._directory.path),
            unconfined=spec.unconfined,
        )

    def _known_by(self, agent: Agent, spec: Spec) -> Mapping[str, str]:
        """Return what the agent's program is known by. Raises NoLogin, OSError."""
        if not agent.needs_login:
            return {}
        place = premises.logins(self._directory.path, spec)
        return credentials.read(place, agent.name, datetime.now(UTC)).environment

    async def _work(self, agent: Agent, spec: Spec, cell: Cell, began: Marker) -> Verdict:
        """Let the agent work until it is done or we are told to stop."""
        job = Job(
            spec=spec,
            cell=cell,
            directory=self._directory.agent,
            environment=environment(spec, cell, os.environ.get("PATH", process.PATH)),
            head=began.head,
            restored=await self._restore(agent, spec, cell, began),
            secret=self._secret,
        )
        if self._told_to_stop:
            return _INTERRUPTED
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._attempt(agent, job), name=f"agent {agent.name}")
            self._working = working
        if working.cancelled():
            return _INTERRUPTED
        result = working.result()
        if isinstance(result, CannotReport):
            raise result
        return (
            result
            if isinstance(result, Verdict)
            else explain(result, self._directory.path, os.environ)
        )

    async def _restore(
        self, agent: Agent, spec: Spec, cell: Cell, began: Marker
    ) -> Restored | None:
        """Give an agent back what its session knows of: what its runs before this one had done."""
        ref = self._left or spec.resumes
        if agent.replays or not ref:
            return None
        restored = await restore(Git(cell, spec.run), began, ref)
        self._report.put_back(restored.ref, there=restored.there)
        return restored

    async def _attempt(self, agent: Agent, job: Job) -> Verdict | Exception:
        try:
            return await agent.work(job, self._report)
        except Exception as exc:  # noqa: BLE001 - raised or explained by whoever waits for it
            return exc

    def _put_away(self, dead: Marker, kept: Keeping | None) -> None:
        if kept is not None:
            self._report.put_away(dead.run, kept)
        if dead.run in self._earlier:
            # Killed while it put that back, it has left a part of it.
            whole = keptrefs.owner(dead.restoring) in self._earlier
            self._left = dead.restoring if whole else kept.ref if kept is not None else ""

    def _began(self, run: str) -> float | None:
        """Return when a run of this state was to begin; its directory is none that it can write."""
        try:
            return self._sibling(run).with_name("spec.json").stat().st_mtime - _COARSE
        except OSError:
            return None

    def _sibling(self, run: str) -> Path:
        return self._directory.path.parent / run / "lock"
