"""A store whose gate runs are carried, on trees that a test makes; the gates are really tried, detached."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from pmrunnerd.engine.gateruns import GateRuns
from pmrunnerd.engine.gates import Gates
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.gates import Gating, Verdict
from pmrunnerd.rules.gates import conduct
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.gates.detached import walls
from pmrunnerd.services.gates.tries import Tries
from pmrunnerd.store.store import Store
from tests.unit.services.gates.parts import Here, until

PROJECT = "w1"


class Commits:
    """Commits that a test made up, by name; each is the text of its pyproject.toml, or of all its files."""

    def __init__(self, here: Here, commits: Mapping[str, str | dict[str, str]]) -> None:
        self._here = here
        self._commits = commits

    async def commit(self, project: Project, name: str) -> str:
        del project
        if (name or "main") not in self._commits:
            raise NotFound(f"cannot find commit {name}")
        return name or "main"

    async def tree(self, project: Project, commit: str) -> str:
        del project
        files = self._commits[commit]
        return self._here.tree(**({"pyproject.toml": files} if isinstance(files, str) else files))


class Carrying:
    """Gate runs of one store, and who carries them."""

    def __init__(
        self, tmp_path: Path, store: Store, commits: Mapping[str, str | dict[str, str]]
    ) -> None:
        self.here = Here(tmp_path)
        self.store = store
        tries = Tries(self.here.place, self.here.trier, walls)
        self.built, self.unbuilt = "", ""
        self.building, self.seen_building = set[str](), list[list[str]]()
        runs = GateRuns(
            store, Clock(), tries, Commits(self.here, commits), self, lambda: 2, self.building
        )
        self.gates = Gates(store, Clock(), runs, self.clear)
        self.cleared = 0

    async def tree(self, project: Project, source: str) -> str:
        """Return what is built of each source, or say why nothing is."""
        del project, source
        self.seen_building.append(sorted(self.building))
        if self.unbuilt:
            raise Refused(self.unbuilt)
        return self.built

    async def clear(self) -> None:
        self.cleared += 1
        raise PermissionError(errno.EACCES, "no")

    async def ask(self, *names: str, commit: str = "", preparing: bool = False) -> str:
        """Want gates tried, or only what they need, and return the gate run."""
        state = self.store.ahead
        project = state.project(PROJECT)
        fact = conduct.request(state, project, names, commit, "anna", preparing=preparing)
        await self.store.commit(fact)
        return fact.gate_run

    async def home(self, pattern: str) -> Path:
        """Wait until a gate works, and return the home that it has."""
        places = self.here.place.directory
        await until(lambda: list(places.glob(f"{pattern}/*/home")))
        return next(places.glob(f"{pattern}/*/home"))

    def gating(self, identifier: str) -> Gating:
        """Return a gate run as it is recorded."""
        return self.store.state.gating(identifier)

    async def over(self, identifier: str) -> Gating:
        """Wait for the end of a gate run."""
        async with asyncio.timeout(180):
            while not self.gating(identifier).state.has_ended:
                await self.store.changed(self.store.state.seq)
        return self.gating(identifier)


def verdicts(gating: Gating) -> dict[str, Verdict]:
    """Return what came of each gate."""
    assert gating.record is not None, gating.reason
    return {one.gate: one.verdict for one in gating.record.results}


def carried(
    tmp_path: Path,
    commits: Mapping[str, str | dict[str, str]],
    scene: Callable[[Carrying], Awaitable[None]],
) -> None:
    """Play a scene with a daemon's store and what carries its gate runs; a second time is another daemon."""

    async def whole() -> None:
        store = Store(tmp_path / "state", Clock().now, release="0.1.0")
        try:
            async with asyncio.TaskGroup() as group:
                storing = group.create_task(store.run())
                if PROJECT not in store.ahead.projects:
                    added = ev.ProjectAdded(project=PROJECT, alias="cake", path="/srv/cake")
                    await store.commit(added)
                carrying = Carrying(tmp_path, store, commits)
                turning = group.create_task(carrying.gates.run())
                await scene(carrying)
                turning.cancel()
                await asyncio.wait([turning])
                storing.cancel()
        finally:
            store.close()

    asyncio.run(whole())
