"""What the daemon has done in workspaces, and for agents: its errands, with what its settings say."""

import asyncio
from pathlib import Path
from typing import Final

from pmrunnerd.confining import Confining
from pmrunnerd.engine.logins import Logins
from pmrunnerd.engine.remains import Remains
from pmrunnerd.engine.renewals import Renewals
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import errand as e
from pmrunnerd.options import Options
from pmrunnerd.services.agents.registry import NEED_LOGIN
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands.choice import choose
from pmrunnerd.services.host import Host
from pmrunnerd.store.store import Store

# What units of runs are called by their file, and where root lets them keep logins of an environment.
UNIT: Final = "pm-runner-run@.service"
LOGINS: Final = Path("/var/lib/pm-runner/secrets")
# Seconds that what an earlier daemon left may keep this one from its start.
_PATIENCE: Final = 5.0


class Outwork:
    """Has errands done where `host` holds the runs that lie in `directory`."""

    def __init__(self, options: Options, host: Host, directory: Path) -> None:
        self.errands = choose(host, directory)
        self._directory = directory
        self._unconfined = options.settings.runs_unconfined
        self._named = options.settings.agent_claude_path
        self.confining = Confining(self.errands, unconfined=self._unconfined)
        elsewhere = LOGINS / options.environment if self.errands.sealed else None
        self.place = options.logins or elsewhere
        self._hidden = tuple(
            path for path in (options.state_directory, self.place) if path is not None
        )
        self._unit = UNIT if self.errands.sealed else ""

    @property
    def found(self) -> e.Confinement:
        """What is known by now of whether agents can be confined."""
        return self.confining.found

    async def begin(self) -> None:
        """Know what is here before anything else begins, as far as that does not keep us waiting."""
        if not self.errands.sealed:
            await self.confining.look()
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.errands.clear_abandoned()
        except TimeoutError:
            return  # they are looked at again

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

    def logins(self, store: Store, clock: Clock) -> Logins:
        """Return what keeps the logins of agents."""
        return Logins(
            *(store, clock, NEED_LOGIN, self.errands), place=self.place, named=self._named
        )

    def renewals(self, store: Store, clock: Clock) -> Renewals:
        """Return what sees that logins were renewed: of none, where we may look at none."""
        agents = () if self.errands.sealed else NEED_LOGIN
        return Renewals(store, clock, agents, self.place)

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
                hidden=tuple(map(str, self._hidden)),
                unconfined=self._unconfined,
            )
        )
