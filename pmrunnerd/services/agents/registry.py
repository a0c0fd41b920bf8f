"""The agents that there are, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents.acp.agent import Acp
from pmrunnerd.services.agents.claude.agent import Claude
from pmrunnerd.services.agents.protocol import Agent
from pmrunnerd.services.agents.shell import Shell

AGENTS: Final[Mapping[str, Agent]] = MappingProxyType(
    {agent.name: agent for agent in (Shell(), Claude(), Acp())}
)

NEED_LOGIN: Final = tuple(agent.name for agent in AGENTS.values() if agent.needs_login)


def find(name: str) -> Agent:
    """Return an agent; raise Refused that names those there are."""
    try:
        return AGENTS[name]
    except KeyError:
        known = ", ".join(AGENTS)
        raise Refused(f"cannot use agent {name!r}: known are {known}") from None
