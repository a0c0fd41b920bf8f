"""What is left of runs that were let go: their files, their references, and then their directory.

It knows only what still lies there. What waits for a run that has the workspace is tried again when
one has ended; what cannot go for any other reason, by the next sweep.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model.errand import Dispose, LetGo, Survey, Surveyed
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.state import State
from pmrunnerd.services import disposal
from pmrunnerd.services.errands import Errands

log = logging.getLogger(__name__)

# Runs of a project whose references go in one go: a task that wants to start waits that long.
MOST: Final = 32


class Remains:
    """`directory` has the directories of all runs; `left` are those of which something is there.

    `state` returns what is durable; `hidden` is what no git in a workspace may see.
    """

    def __init__(  # noqa: PLR0913 - what it needs of others
        self,
        directory: Path,
        state: Callable[[], State],
        workspaces: Workspaces,
        errands: Errands,
        *,
        hidden: Sequence[Path],
        unconfined: bool,
    ) -> None:
        self.directory = directory
        self._state = state
        self._workspaces = workspaces
        self._errands = errands
        self._hidden = hidden
        self._unconfined = unconfined
        self.left: dict[str, str] = {}
        self._empty: set[str] = set()
        self._failed: set[str] = set()
        self._why: dict[str, str] = {}

    def add(self, run: str, project: str) -> None:
        """Take note of a run that was let go, and whose directory is there."""
        self.left[run] = project

    async def survey(
        self, skip: Collection[str], workspaces: Mapping[str, Path], enough: Callable[[], bool]
    ) -> Surveyed:
        """Measure what is there but some, and what workspaces say. Raises OSError, PmError."""
        wanted = Survey(
            directory=str(self.directory),
            skip=tuple(skip),
            workspaces={project: str(path) for project, path in workspaces.items()},
        )
        return await self._errands.do(wanted, enough=enough)

    @property
    def due(self) -> bool:
        """Whether something may go as soon as a run has ended."""
        return not self.left.keys() <= self._failed

    def told(self) -> list[str]:
        """Say what is left, and why."""
        return [f"run {run}: {self._why.get(run, 'it is its turn next')}" for run in self.left]

    async def empty(self, run: str, enough: Callable[[], bool]) -> None:
        """Delete the files of a run; what does not go is said in the log, and tried again."""
        if run in self._empty:
            return
        try:
            if await self._dispose(run, enough):
                self._empty.add(run)
        except OSError as exc:
            self._fail([run], f"cannot delete {self.directory / run}: {exc.strerror or exc}")
        except PmError as exc:
            if not enough():
                self._fail([run], f"cannot delete {self.directory / run}: {exc}")

    async def _dispose(self, run: str, enough: Callable[[], bool]) -> bool:
        """Delete the files of a run, by the errand of whose they are first, where that is not us."""
        undone: PmError | None = None
        if self._errands.sealed:
            try:
                theirs = Dispose(directory=str(self.directory), run=run)
                if not (await self._errands.do(theirs, enough=enough)).all:
                    return False
            except PmError as exc:
                # A disk that is full takes no errand: what is ours makes room for the next one.
                undone = exc
        try:
            return await asyncio.to_thread(disposal.empty, self.directory, run, enough=enough)
        except OSError:
            if undone is not None:
                raise undone from None
            raise

    async def clear_away(self, enough: Callable[[], bool], *, again: bool = True) -> None:
        """Delete all that is left, as far as that can be done now; what failed only if `again`."""
        if again:
            self._failed.clear()
        by_project = defaultdict[str, list[str]](list)
        for run in [one for one in self.left if one not in self._failed]:
            await self.empty(run, enough)
            if run in self._empty:
                by_project[self.left[run]].append(run)
        for project, runs in by_project.items():
            some = iter(runs)
            while not enough() and (batch := list(islice(some, MOST))):
                await self._finish(project, batch)

    async def _finish(self, project: str, runs: list[str]) -> None:
        """Delete references, then the empty directories; they stay while a reference may."""
        known = self._state().projects[project]
        stays = dict[str, str]()
        if not known.removed:  # else its directory stays as it is
            with self._workspaces.reserved(project) as free:
                if not free:
                    self._note(runs, f"a run has {known.path}")
                    return
                stays = await self._let_go(Path(known.path), runs)
        for why in dict.fromkeys(stays.values()):
            self._fail([run for run in stays if stays[run] == why], why)
        for run in [one for one in runs if one not in stays]:
            try:
                await asyncio.to_thread(disposal.remove, self.directory, run)
            except OSError as exc:
                self._empty.discard(run)
                self._fail([run], f"cannot delete {self.directory / run}: {exc.strerror or exc}")
            else:
                self._forget(run)

    async def _let_go(self, workspace: Path, runs: list[str]) -> dict[str, str]:
        """Delete the references of some runs; return of which they stay, and why."""
        try:
            gone = await self._errands.do(
                LetGo(
                    workspace=str(workspace),
                    runs=tuple(runs),
                    hidden=tuple(map(str, self._hidden)),
                    unconfined=self._unconfined,
                )
            )
            stays = gone.stays
        except (PmError, OSError) as exc:
            stays = dict.fromkeys(runs, str(exc))
        return {
            run: f"cannot delete what is kept in {workspace}: {why}" for run, why in stays.items()
        }

    def _fail(self, runs: list[str], why: str) -> None:
        self._failed.update(runs)
        self._note(runs, why)

    def _note(self, runs: list[str], why: str) -> None:
        """Say what is wrong, once for each time that it is another."""
        if any(self._why.get(run) != why for run in runs):
            log.warning("what is left of %s goes later: %s", ", ".join(runs), why)
        self._why |= dict.fromkeys(runs, why)

    def _forget(self, run: str) -> None:
        self.left.pop(run, None)
        self._why.pop(run, None)
        self._failed.discard(run)
        self._empty.discard(run)
