"""What lies in the directory of all runs: whose it is, how much, how old, and what is nobody's."""

import asyncio
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from pathlib import Path

from pmrunnerd.engine.remains import Remains
from pmrunnerd.rules.retention import Files
from pmrunnerd.services import footprint, marker
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.footprint import Footprint
from pmrunnerd.store.store import Store


class Stock:
    """Measures in a thread. It keeps what it knows of directories that are there, and of no others.

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
        are still there, are told to the remains. Raises OSError.
        """
        directory = self._remains.directory
        under_way = set(self._store.state.active)
        skip = frozenset() if anew else frozenset(self._sizes)
        found = await asyncio.to_thread(footprint.look, directory, skip=skip, enough=enough)
        sizes = {name: self._sizes[name] for name in found.skipped}
        sizes |= {one.run: one for one in found.measured}
        strange = list(found.others)
        for name in sizes.keys() - self._projects.keys():
            if not self._meet(name):
                strange.append(name)
            await asyncio.sleep(0)  # it was a look at the disk, and others wait for the loop
        self._projects = {name: of for name, of in self._projects.items() if name in sizes}
        # One that was under way before the look, or after it, is measured again when it is over.
        under_way |= self._store.state.active.keys()
        self._sizes = {name: one for name, one in sizes.items() if name not in under_way}
        self.strange = tuple(
            f"{directory / name}: it is no run's directory" for name in sorted(strange)
        )
        in_tree = await asyncio.to_thread(_in_trees, self._workspaces())
        return [self._files(one, in_tree) for one in sizes.values() if self._is_kept(one.run)]

    def _workspaces(self) -> dict[str, Path]:
        known = self._store.state.projects
        here = (known[name] for name in sorted(set(self._projects.values())))
        return {project.id: Path(project.path) for project in here if not project.removed}

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


def _in_trees(workspaces: Mapping[str, Path]) -> Set[str]:
    """Return the runs that workspaces say they are as one left them.

    Of a workspace that is there and cannot say, because its disk is away, all are: the project.
    """
    found = set[str]()
    for project, workspace in workspaces.items():
        try:
            left = marker.read(workspace)
        except OSError:
            if workspace.is_dir():
                found.add(project)
        else:
            if left is not None:
                found.add(left.run)
    return found
