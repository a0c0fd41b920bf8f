"""What the daemon has done in workspaces, and for agents: its errands, with what its settings say."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from pmrunnerd.confining import Confining
from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.engine.checks import Checks
from pmrunnerd.engine.gateruns import GateRuns
from pmrunnerd.engine.gates import Gates
from pmrunnerd.engine.gatesweep import GateSweep
from pmrunnerd.engine.logins import Logins
from pmrunnerd.engine.premises import Premises
from pmrunnerd.engine.promotions import Promotions
from pmrunnerd.engine.remains import Remains
from pmrunnerd.engine.renewals import Renewals
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import errand as e
from pmrunnerd.model.settings import Settings
from pmrunnerd.options import Options
from pmrunnerd.services.agents.registry import NEED_LOGIN
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands.choice import choose
from pmrunnerd.services.gates.builds import Builds
from pmrunnerd.services.gates.detached import DetachedGates, walls
from pmrunnerd.services.gates.hearing import Hearing
from pmrunnerd.services.gates.leavings import Leavings
from pmrunnerd.services.gates.logs import GateLogs
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.sources import Sources
from pmrunnerd.services.gates.tries import Tries
from pmrunnerd.services.gates.units import GateUnits
from pmrunnerd.services.host import Host
from pmrunnerd.services.promotion import alone, asking
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.services.releases import programs, shelf
from pmrunnerd.services.releases.gated import Gated
from pmrunnerd.services.systemctl import Systemctl
from pmrunnerd.store.store import Store

# What units of runs are called by their file, and where root lets them keep logins of an environment.
UNIT: Final = "pm-runner-run@.service"
LOGINS: Final = Path("/var/lib/pm-runner/secrets")
# Where it lets them have gates, and where it writes down what came of those.
GATES: Final = Path("/var/lib/pm-runner/gates")
PROMOTE: Final = Path("/var/lib/pm-runner/promote")
PREPARED: Final = Path("/var/lib/pm-runner/prepared")
# Seconds that what an earlier daemon left may keep this one from its start.
_PATIENCE: Final = 5.0


class Outwork:
    """Has errands done where `host` holds the runs that lie in `directory`."""

    def __init__(
        self,
        options: Options,
        settings: Settings,
        host: Host,
        directory: Path,
        doors: tuple[str, ...] = (),
    ) -> None:
        """`doors` are the addresses of our web door where the service manager holds it."""
        self.errands = choose(host, directory)
        self._directory = directory
        self._environment, self._state = options.environment, options.state_directory
        self._unconfined = settings.runs_unconfined
        self._named = settings.agent_claude_path
        # Without units all are of one user, and what it owns it may do.
        kept_from = doors if self.errands.sealed else ()
        self.confining = Confining(self.errands, unconfined=self._unconfined, doors=kept_from)
        elsewhere = LOGINS / options.environment if self.errands.sealed else None
        self.place = options.logins or elsewhere
        self._root = options.root
        self._hidden = tuple(
            path for path in (options.state_directory, self.place) if path is not None
        )
        self._unit = UNIT if self.errands.sealed else ""
        # Gate runs for which something is built.
        self.building = set[str]()

    @property
    def found(self) -> e.Confinement:
        """What is known by now of whether agents can be confined."""
        return self.confining.found

    async def begin(self) -> str:
        """Know what is here before anything else begins, as far as that does not keep us waiting.

        Returns how agents are confined, as it is shown.
        """
        if not self.errands.sealed:
            await self.confining.look()
            return self.confining.shown
        # What takes longer is looked at again.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.errands.clear_abandoned()
        return self.confining.shown

    def workspaces(self, store: Store) -> Workspaces:
        """Return what looks at workspaces that hold tasks back."""
        return Workspaces(
            store, unconfined=self._unconfined, errands=self.errands, runs=self._directory
        )

    def remains(self, store: Store, workspaces: Workspaces) -> Remains:
        """Return what deletes what is left of runs."""
        return Remains(
            *(self._directory, lambda: store.state, workspaces, self.errands),
            hidden=self._hidden,
            unconfined=self._unconfined,
        )

    @property
    def _place_of_gates(self) -> GatePlace:
        if not self.errands.sealed:
            return GatePlace(self._state / "gates")
        return GatePlace(
            GATES / self._environment,
            records=PROMOTE / self._environment / "gates",
            prepared=PREPARED / self._environment,
        )

    def checks(self, store: Store, accounting: Accounting, patience: Callable[[], int]) -> Checks:
        """Return what has tasks look at what a plan came to."""
        return Checks(store, accounting, patience, hear=Hearing(self._place_of_gates).hear)

    @property
    def _shelf(self) -> shelf.Shelf:
        root = self._root or shelf.root(installed=self.errands.sealed)
        return shelf.Shelf(root, self._environment)

    def premises(self, accounting: Accounting) -> Premises:
        """Return what looks at all that has to hold before a release is moved."""
        return Premises(
            *(self.errands, accounting, partial(shelf.Shelf, self._shelf.root)),
            self.following,
            environment=self._environment,
            hidden=self._hidden,
            unconfined=self._unconfined,
        )

    @property
    def following(self) -> Following:
        """What root writes down of promotions."""
        return Following(self._shelf.root)

    def on_trial(self) -> str:
        """Return the release that is on trial here; nothing where none is."""
        trial = self.following.trial(self._environment)
        return trial.candidate if trial is not None and trial.is_open else ""

    def promotions(self, store: Store, clock: Clock) -> Promotions:
        """Return what has root move releases: by its unit where there are units, else by a process of ours."""
        root = self._shelf.root
        who: asking.Root = (
            asking.Units(Systemctl()) if self.errands.sealed else asking.Detached(_launch, root)
        )
        return Promotions(store, clock, asking.Orders(root), who, self.following)

    @property
    def running(self) -> Gated:
        """What the release that runs has passed."""
        return Gated(self._shelf)

    @property
    def gate_logs(self) -> GateLogs:
        """What gates printed."""
        return GateLogs(self._place_of_gates)

    def gate_sweep(self, store: Store, clock: Clock, latest: Callable[[], int]) -> GateSweep:
        """Return what deletes what gate runs left."""
        return GateSweep(store, clock, Leavings(self._place_of_gates), latest)

    def gates(self, store: Store, clock: Clock, at_once: Callable[[], int]) -> Gates:
        """Return what has gates tried: by units where those hold runs, else by processes of ours."""
        place = self._place_of_gates
        if self.errands.sealed:
            tries = Tries(place, GateUnits(self._environment, Systemctl()))
        else:
            tries = Tries(place, DetachedGates(self._state), walls)
        sources = Sources(self.errands, place, hidden=self._hidden, unconfined=self._unconfined)
        builds = Builds(self._shelf, place)
        runs = GateRuns(store, clock, tries, sources, builds, at_once, self.building)
        return Gates(store, clock, runs, sources.clear)

    def logins(self, store: Store, clock: Clock) -> Logins:
        """Return what keeps the logins of agents."""
        return Logins(
            *(store, clock, NEED_LOGIN, self.errands), place=self.place, named=self._named
        )

    def evidence(self, store: Store, workspaces: Workspaces) -> Accounting:
        """Return what knows what is said of commits."""
        return Accounting(
            *(store, self.errands, workspaces),
            room=self._state,
            hidden=self._hidden,
            unconfined=self._unconfined,
        )

    async def live(self, store: Store, tell: Callable[[str], object]) -> None:
        """See what confines agents, and tell how that is shown; see that logins were renewed."""
        if not self.errands.sealed and shelf.below(shelf.CODE) is not None:
            alone.dwell(self._shelf.root, self._environment, self._state)
        # Of none, where we may look at none.
        agents = () if self.errands.sealed else NEED_LOGIN
        renewals = Renewals(store, Clock(), agents, self.place)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.confining.look_until_known(tell), name="confinement")
            group.create_task(renewals.run(), name="logins")

    async def make_safe(self, workspace: Path, run: str, since: float) -> str:
        """Take out of a workspace what git would enter, of a run that died; return where it is."""
        wanted = e.MakeSafe(
            workspace=str(workspace),
            run=run,
            since=since,
            hidden=tuple(map(str, self._hidden)),
            unconfined=self._unconfined,
        )
        return (await self.errands.do(wanted)).where

    async def inspect(self, path: Path) -> e.Inspected:
        """Tell whether a directory can be a project."""
        return await self.errands.do(
            e.Examine(
                path=str(path),
                unit=self._unit,
                environment=self._environment,
                hidden=tuple(map(str, self._hidden)),
                unconfined=self._unconfined,
            )
        )


def _launch() -> Path:
    return programs.program("launch")
