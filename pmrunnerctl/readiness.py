"""What keeps the agent of a project from working: said where that is chosen, not when work waits."""

from collections.abc import Iterable
from typing import Final

from pmrunnerctl.exits import Cannot
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p

# It is a script, for which nothing is to be installed.
_ALWAYS: Final = "shell"


def remark(session: Session, agents: Iterable[str]) -> None:
    """Say of each agent why it cannot start, and what helps. An older daemon may not know all."""
    for agent in sorted({*agents} - {_ALWAYS}):
        try:
            found = session.ask(p.AgentShow(agent=agent))
        except Cannot:
            continue
        if found.problem:
            session.note(
                f"agent {agent} cannot start: {session.err.timed(short(agent, found.problem))}"
            )
            for line in session.addressed(found.hint).splitlines():
                session.note(f"  hint: {line}")


def short(agent: str, problem: str) -> str:
    """Return a problem without what stands before it already."""
    return problem.removeprefix(f"cannot start agent {agent}: ")
