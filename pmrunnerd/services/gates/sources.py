"""Takes commits out of projects, and keeps each tree by its digest where gates judge it."""

import asyncio
from pathlib import Path

from pmrunnerd.model.entities import Project
from pmrunnerd.services import disposal
from pmrunnerd.services.errands import Errands
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.source.repository import Repository, extract

LATEST = "HEAD"


class Sources:
    """Has commits brought by errands, for gates of a `place`; `hidden` is what nobody there may see."""

    def __init__(
        self, errands: Errands, place: GatePlace, *, hidden: tuple[Path, ...], unconfined: bool
    ) -> None:
        self._errands = errands
        self._place = place
        self._hidden = hidden
        self._unconfined = unconfined

    async def commit(self, project: Project, name: str) -> str:
        """Return the full id of a commit, of the latest without a name. Raises PmError, OSError."""
        await asyncio.to_thread(self._place.make)
        return await self._repository(project).resolve(name or LATEST)

    async def tree(self, project: Project, commit: str) -> str:
        """See to it that a commit's source is there; return its digest. Raises PmError, OSError."""
        await asyncio.to_thread(self._place.make)
        trees, name = self._place.tree(""), f".new-{project.id}-{commit}"
        await asyncio.to_thread(_delete, trees, name)
        made = await extract(self._repository(project), commit, trees / name)
        await asyncio.to_thread(_keep, trees, name, made.digest)
        return made.digest

    def _repository(self, project: Project) -> Repository:
        return Repository(
            errands=self._errands,
            workspace=Path(project.path),
            room=self._place.room,
            hidden=self._hidden,
            unconfined=self._unconfined,
        )


def _keep(trees: Path, name: str, digest: str) -> None:
    """Have a tree under its digest: the one that is there, if it is one, has the same content."""
    if (trees / digest).exists():
        _delete(trees, name)
    else:
        (trees / name).rename(trees / digest)


def _delete(trees: Path, name: str) -> None:
    disposal.empty(trees, name)
    disposal.remove(trees, name)
