"""Makes messages plans, by the planner that a project's agent brings, or has the agent plan."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import drafting, planning, scripts
from pmrunnerd.services.agents.protocol import Agent
from pmrunnerd.services.agents.registry import AGENTS
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

PLANNERS: Final[Mapping[str, Callable[[str], planning.Proposal]]] = {
    "shell": scripts.propose,
    "acp": planning.whole,
}


class Planner:
    """Turns one message into one plan, or into the fact that this cannot be done.

    With an agent that plans, the plan is a draft at first, and a run of the agent fills it.
    """

    def __init__(self, store: Store, agents: Mapping[str, Agent] = AGENTS) -> None:
        self._store = store
        self._agents = agents

    async def plan(self, message: str) -> None:
        """Plan a message; do nothing where it has a plan already."""
        state = self._store.ahead
        said = state.messages.get(message)
        if said is None:
            return
        project, mint = state.projects[said.project], Mint(state.minted)
        agent = self._agents.get(project.agent)
        if agent is not None and agent.plans:
            await self._store.commit(drafting.begin(said, agent.name, mint))
            return
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
