"""Which gates the release that runs has passed, by the record that lies beside it."""

import asyncio
from pathlib import Path

from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import GateRun
from pmrunnerd.services.releases.shelf import Shelf


class Gated:
    """Knows it of the release of an environment, for projects that are the runner itself."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def gated(self, project: Project) -> tuple[str, GateRun] | None:
        """Return what the release is called, and its gate run; None where none was signed for. Raises Refused."""
        if project.project_type is not ProjectType.RUNNER_DEV:
            return None
        name = self._shelf.pointed()
        if not name:
            return None
        found = await asyncio.to_thread(gates_of, self._shelf.releases / name, name)
        return None if found is None else (f"release {name}", found)


def gates_of(release: Path, name: str) -> GateRun | None:
    """Return the gate run that lies beside a release; None where none does. Raises Refused."""
    # For the few who ask: a daemon starts without.
    from pmrunnerd.model import proof  # noqa: PLC0415
    from pmrunnerd.rules.proof import claims  # noqa: PLC0415
    from pmrunnerd.services.releases import papers  # noqa: PLC0415

    paper = papers.paper(release / proof.PAPERS / proof.GATES)
    if paper is None:
        return None
    try:
        if isinstance(paper, bytes):
            return claims.read(paper)
        why = paper
    except claims.BadRecord as exc:
        why = str(exc)
    raise Refused(
        f"cannot compare gates with those of release {name}: {why}",
        hint=f"pmrunnerctl prove {name}",
    )
