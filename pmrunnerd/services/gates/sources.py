"""Takes commits out of projects, and keeps each tree by its digest where gates judge it."""

import asyncio
from pathlib import Path
from typing import Final

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.errands import Errands
from pmrunnerd.services.gates import arriving
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.source import ondisk
from pmrunnerd.services.source.repository import Repository, extract

LATEST: Final = "HEAD"


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
        trees = self._place.tree("")
        new = await asyncio.to_thread(arriving.fresh, trees, f"{project.id}-{commit}")
        made = await extract(self._repository(project), commit, new)
        await asyncio.to_thread(arriving.keep, trees, new, made.digest, _measured)
        return made.digest

    async def clear(self) -> None:
        """Delete what an earlier daemon took out in part, while nobody takes out any. Raises OSError."""
        await asyncio.to_thread(arriving.clear, self._place.tree(""))

    def _repository(self, project: Project) -> Repository:
        return Repository(
            errands=self._errands,
            workspace=Path(project.path),
            room=self._place.room,
            hidden=self._hidden,
            unconfined=self._unconfined,
        )


def _measured(tree: Path) -> str:
    try:
        return ondisk.measure(tree).value()
    except Refused:  # it holds what no source has; that it cannot be read says nothing of it
        return ""
