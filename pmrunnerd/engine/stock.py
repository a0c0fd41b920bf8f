"""What lies in the directory of all runs: whose it is, how much, how old, and what is nobody's."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from pmrunnerd.engine.remains import Remains
from pmrunnerd.rules.retention import Files
from pmrunnerd.services import footprint
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
        """Return the files of runs that were not let go; all `anew`, or what changes no more as it was.

        Those of runs that were let go, and are still there, are told to the remains. Raises OSError.
        """
        directory = self._remains.directory
        under_way = frozenset(self._store.state.active)
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
        # One that was under way is measured again when it is over.
        self._sizes = {name: one for name, one in sizes.items() if name not in under_way}
        self.strange = tuple(
            f"{directory / name}: it is no run's directory" for name in sorted(strange)
        )
        return [self._files(one) for one in sizes.values() if self._is_kept(one.run)]

    def _is_kept(self, run: str) -> bool:
        return run in self._projects and run not in self._remains.left

    def _files(self, one: Footprint) -> Files:
        now = datetime.fromisoformat(self._clock.now()).timestamp()
        age = max(now - one.changed, 0.0)
        return Files(run=one.run, project=self._projects[one.run], size=one.size, age=age)

    def _meet(self, name: str) -> bool:
        """Get to know a directory that is seen for the first time; False where it is no run's."""
        run = self._store.state.runs.get(name)
        if run is None:
            return False
        self._projects[name] = run.project
        if self._store.pruned(name) is not None:
            self._remains.add(name, run.project)
        return True
