"""Makes messages plans, by the planner that a project's agent brings."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import planning, scripts
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

PLANNERS: Final[Mapping[str, Callable[[str], planning.Proposal]]] = {"shell": scripts.propose}


class Planner:
    """Turns one message into one plan, or into the fact that this cannot be done."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def plan(self, message: str) -> None:
        """Plan a message; do nothing where it has a plan already."""
        state = self._store.ahead
        said = state.messages.get(message)
        if said is None:
            return
        project, mint = state.projects[said.project], Mint(state.minted)
        try:
            facts = planning.draft(project, said, _propose(project, said.text), mint)
        except Refused as refused:
            facts = planning.refuse(said, refused, mint)
        except Exception:
            # Otherwise it would be planned, and fail, again at every start.
            log.exception("cannot plan message %s", message)
            bug = Refused(
                "cannot plan the message: this is a bug in pmrunnerd, and its log says where",
                hint="pmrunnerctl logs",
            )
            facts = planning.refuse(said, bug, mint)
        await self._store.commit(*facts)


def _propose(project: Project, text: str) -> planning.Proposal:
    try:
        planner = PLANNERS[project.agent]
    except KeyError:
        # Set by a newer release, and this one has come back after it.
        raise Refused(
            f"cannot plan the message: this release has no agent {project.agent}",
            hint=f"pmrunnerctl project set {project.alias} --agent {next(iter(PLANNERS))}",
        ) from None
    return planner(text)
