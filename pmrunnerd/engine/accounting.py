"""What is said of a commit beside its gates: looked at where the commit is, and held against what is known."""

import hashlib
from pathlib import Path, PurePath

from msgspec.structs import replace

from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import errand as e
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import NAME, Account, Found, Lying
from pmrunnerd.model.gates import GateRecord
from pmrunnerd.model.protocol import EvidenceCheck, EvidenceWrite
from pmrunnerd.model.source import Extracted
from pmrunnerd.model.views import EvidenceDraft, EvidenceView
from pmrunnerd.rules.evidence.report import begun, checked, text
from pmrunnerd.rules.gates.latest import latest
from pmrunnerd.services.errands import Errands
from pmrunnerd.services.source.repository import Repository
from pmrunnerd.store.store import Store


class Accounting:
    """Has commits looked at in their workspaces; what is brought of them lies meanwhile in a `room`."""

    def __init__(  # noqa: PLR0913 - what an errand needs, and what its answer is held against
        self,
        store: Store,
        errands: Errands,
        workspaces: Workspaces,
        *,
        room: Path,
        hidden: tuple[Path, ...] = (),
        unconfined: bool = False,
    ) -> None:
        self._store = store
        self._errands = errands
        self._workspaces = workspaces
        self._room = room
        self._hidden = hidden
        self._unconfined = unconfined

    async def check(self, project: Project, request: EvidenceCheck) -> EvidenceView:
        """Return all that is wrong with the section of a commit. Raises PmError, OSError."""
        account, found = await self._recount(project, request, uncommitted=request.uncommitted)
        return checked(found, account, self._record(project, account))

    async def write(self, project: Project, request: EvidenceWrite) -> EvidenceDraft:
        """Begin a section, unless it is there, in the workspace, unless it is only to be printed.

        Raises Refused where a run has the workspace, Conflict, PmError, OSError.
        """
        if request.printed:
            return await self._begun(project, request)
        with self._workspaces.reserved(project.id) as is_free:
            if not is_free:
                raise Refused(
                    f"cannot write {NAME} of {project.alias}: a run works in its workspace",
                    hint=f"pmrunnerctl evidence write {project.alias} --print",
                )
            return await self._begun(project, request)

    async def _begun(self, project: Project, request: EvidenceWrite) -> EvidenceDraft:
        account, found = await self._recount(project, request, uncommitted=True)
        draft = begun(found, account, self._record(project, account))
        if draft.was_there or request.printed:
            return replace(draft, file="")
        before = hashlib.sha256(found.data).hexdigest() if found.lying is Lying.FILE else ""
        wanted = e.WriteEvidence(path=project.path, text=draft.file, before=before)
        await self._errands.do(wanted)
        return replace(draft, file="", written=str(PurePath(project.path, NAME)))

    async def measured(self, project: Project, name: str) -> Extracted:
        """Return which content a commit has, by whatever name it goes. Raises PmError, OSError."""
        repository = self.repository(project)
        # Made of the objects here: of which content it is nobody in a workspace has a say.
        return await repository.measured(await repository.resolve(name))

    async def section(self, project: Project, measured: Extracted) -> tuple[EvidenceView, str]:
        """Return how the section of a commit is, and its text. Raises PmError, OSError."""
        account, found = await self._told(project, measured)
        return checked(found, account, self._record(project, account)), text(found, account.source)

    def repository(self, project: Project) -> Repository:
        """Return the way to the commits of a project."""
        return Repository(
            errands=self._errands,
            workspace=Path(project.path),
            room=self._room,
            hidden=self._hidden,
            unconfined=self._unconfined,
        )

    async def _recount(
        self, project: Project, request: EvidenceCheck | EvidenceWrite, *, uncommitted: bool
    ) -> tuple[Account, Found]:
        measured = await self.measured(project, request.commit)
        return await self._told(project, measured, base=request.base or "", uncommitted=uncommitted)

    async def _told(
        self, project: Project, measured: Extracted, *, base: str = "", uncommitted: bool = False
    ) -> tuple[Account, Found]:
        told = await self._errands.do(
            e.Recount(
                path=project.path,
                commit=measured.commit,
                source=measured.digest,
                base=base,
                uncommitted=uncommitted,
                hidden=tuple(map(str, self._hidden)),
                unconfined=self._unconfined,
            )
        )
        return self._with_runs(replace(told.account, source=measured.digest)), told.found

    def _record(self, project: Project, account: Account) -> GateRecord | None:
        return latest(self._store.state, project.id, account.source)

    def _with_runs(self, account: Account) -> Account:
        """Return an account in which each commit names the task and the run that made it."""
        runs = self._store.state.runs.values()
        by_commit = {run.ended.commit: run for run in runs if run.ended and run.ended.commit}
        made = (
            replace(one, task=run.task, run=run.id) if (run := by_commit.get(one.commit)) else one
            for one in account.made
        )
        return replace(account, made=tuple(made))
