"""Looks at everything that has to hold before a release is moved: at the commit, its gates, its evidence, at what is here.

What looks into releases is imported where it is needed (PLC0415): a daemon starts without.
"""

import asyncio
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

from msgspec.structs import asdict, replace

from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.model import errand as e
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import NotFound, PmError
from pmrunnerd.model.views import ChangesView, NewCommit, NewPath
from pmrunnerd.rules.promotion.looked import Looked, Shelved
from pmrunnerd.services.errands import Errands
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.levels import CURRENT

LATEST: Final = "HEAD"
SOABI: Final = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
# Of commits and of paths, so many are shown; the others are counted.
SHOWN: Final = 50


class Premises:
    """Looks, and decides nothing. `shelf` is where an environment has its releases."""

    def __init__(  # noqa: PLR0913 - all that is looked at, and by whom
        self,
        errands: Errands,
        accounting: Accounting,
        shelf: Callable[[str], Shelf],
        following: Following,
        *,
        environment: str,
        hidden: tuple[Path, ...] = (),
        unconfined: bool = False,
    ) -> None:
        self._errands = errands
        self._accounting = accounting
        self._shelf = shelf
        self._following = following
        self._environment = environment
        self._hidden = hidden
        self._unconfined = unconfined

    async def look(self, project: Project, named: str) -> Looked:
        """Return all that was found. What could not be looked at is in there as a reason; raises nothing for it."""
        about, workspace, shelved = await asyncio.gather(
            self._content(project, named), self._workspace(project), self.shelved(self._environment)
        )
        return replace(
            about,
            workspace=workspace,
            releases=shelved.releases,
            running=shelved.running,
            on_trial=shelved.on_trial,
        )

    async def shelved(self, environment: str) -> Shelved:
        """Return which releases there are. Raises PmError, OSError."""
        return await asyncio.to_thread(self._shelved, environment)

    async def changes(self, project: Project, commit: str) -> ChangesView:
        """Return what is new since the commit of the release that runs, as far as that can be told."""
        base, why = await asyncio.to_thread(self._base)
        if why or not commit or base == commit:
            return ChangesView(base=base, why=why)
        repository = self._accounting.repository(project)
        try:
            subjects = await repository.subjects(base, commit)
            changed = await repository.changed(base, commit)
        except (PmError, OSError) as exc:
            return ChangesView(base=base, why=str(exc))
        return ChangesView(
            base=base,
            commits=tuple(NewCommit(**asdict(one)) for one in subjects[:SHOWN]),
            commits_more=max(len(subjects) - SHOWN, 0),
            files=tuple(NewPath(**asdict(one)) for one in changed[:SHOWN]),
            files_more=max(len(changed) - SHOWN, 0),
        )

    async def _content(self, project: Project, named: str) -> Looked:
        looked = Looked(
            environment=self._environment,
            project=project,
            named=named,
            level=CURRENT.writes,
            soabi=SOABI,
        )
        try:
            measured = await self._accounting.measured(project, named or LATEST)
        except (PmError, OSError) as exc:
            return replace(looked, commit_why=str(exc), evidence_why="there is no commit")
        looked = replace(
            looked, commit=measured.commit, git_tree=measured.tree, source=measured.digest
        )
        try:
            evidence, section = await self._accounting.section(project, measured)
        except (PmError, OSError) as exc:
            return replace(looked, evidence_why=str(exc))
        return replace(looked, evidence=evidence, section=section)

    async def _workspace(self, project: Project) -> e.Audited:
        hidden = tuple(map(str, self._hidden))
        errand = e.Audit(path=project.path, hidden=hidden, unconfined=self._unconfined)
        try:
            return await self._errands.do(errand)
        except (PmError, OSError) as exc:
            return e.Audited(unknown=(str(exc),))

    def _shelved(self, environment: str) -> Shelved:
        from pmrunnerd.services.releases import inspection, keeping  # noqa: PLC0415

        shelf = self._shelf(environment)
        try:
            rows = keeping.built(shelf)
        except NotFound:  # nothing was built here yet
            rows = ()
        trial = self._following.trial(environment)
        return Shelved(
            environment=environment,
            soabi=SOABI,
            level=CURRENT.writes,
            releases=rows,
            running=shelf.pointed(),
            previous=shelf.pointed("previous"),
            package=inspection.package(shelf.root),
            on_trial=trial.candidate if trial is not None and trial.is_open else "",
        )

    def _base(self) -> tuple[str, str]:
        """Return of which commit the release that runs is, or why that is not known."""
        from pmrunnerd.model import proof  # noqa: PLC0415
        from pmrunnerd.rules.proof import canonical  # noqa: PLC0415
        from pmrunnerd.services.releases import papers  # noqa: PLC0415

        shelf = self._shelf(self._environment)
        if not (name := shelf.pointed()):
            return "", f"{self._environment} runs no release"
        paper = papers.paper(shelf.releases / name / proof.PAPERS / proof.STATEMENT)
        if not isinstance(paper, bytes):
            return "", paper or f"nobody says of which commit release {name} is"
        try:
            return canonical.decode(paper).predicate.commit, ""
        except canonical.BadStatement as exc:
            return "", f"release {name}: {exc}"
