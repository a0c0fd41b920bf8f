"""What lies in the directory of all runs: whose it is, how much, how old, and what is nobody's."""

import asyncio
from collections.abc import Callable, Set
from datetime import datetime
from pathlib import Path

from pmrunnerd.engine.remains import Remains
from pmrunnerd.model.errand import Footprint
from pmrunnerd.model.naming import ERRAND
from pmrunnerd.rules.retention import Files
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store


class Stock:
    """Has all measured by an errand. It keeps what it knows of directories that are there, and of no others.

    `strange` tells what else is there, which is no run's directory: that is never deleted.
    """

    def __init__(self, store: Store, clock: Clock, remains: Remains) -> None:
        self._store = store
        self._clock = clock
        self._remains = remains
        self._sizes: dict[str, Footprint] = {}
        self._projects: dict[str, str] = {}
        self.strange: tuple[str, ...] = ()

    async def measure(self, enough: Callable[[], bool], *, anew: bool = True) -> list[Files]:
        """Return the files of runs that were not let go.

        All are measured `anew`, or what changes no more is as it was. Runs that were let go, and
        are still there, are told to the remains. Raises OSError, PmError.
        """
        directory = self._remains.directory
        under_way = set(self._store.state.active)
        skip = frozenset() if anew else frozenset(self._sizes)
        found = await self._remains.survey(skip, self._workspaces(), enough)
        sizes = {name: self._sizes[name] for name in found.skipped}
        sizes |= {one.run: one for one in found.measured}
        strange = list(found.others)
        for name in sizes.keys() - self._projects.keys():
            if not self._meet(name) and not ERRAND.fullmatch(name):
                strange.append(name)
            await asyncio.sleep(0)  # it was a look at the disk, and others wait for the loop
        self._projects = {name: of for name, of in self._projects.items() if name in sizes}
        # One that was under way before the look, or after it, is measured again when it is over.
        under_way |= self._store.state.active.keys()
        self._sizes = {name: one for name, one in sizes.items() if name not in under_way}
        self.strange = tuple(
            f"{directory / name}: it is no run's directory" for name in sorted(strange)
        )
        in_tree = frozenset(found.in_trees)
        return [self._files(one, in_tree) for one in sizes.values() if self._is_kept(one.run)]

    def _workspaces(self) -> dict[str, Path]:
        known = self._store.state.projects.values()
        return {project.id: Path(project.path) for project in known if not project.removed}

    def _is_kept(self, run: str) -> bool:
        return run in self._projects and run not in self._remains.left

    def _files(self, one: Footprint, in_tree: Set[str]) -> Files:
        now = datetime.fromisoformat(self._clock.now()).timestamp()
        age = max(now - one.changed, 0.0)
        return Files(
            run=one.run,
            project=self._projects[one.run],
            size=one.size,
            age=age,
            in_tree=not in_tree.isdisjoint((one.run, self._projects[one.run])),
        )

    def _meet(self, name: str) -> bool:
        """Get to know a directory that is seen for the first time; False where it is no run's."""
        run = self._store.state.runs.get(name)
        if run is None:
            return False
        self._projects[name] = run.project
        if self._store.pruned(name) is not None:
            self._remains.add(name, run.project)
        return True
