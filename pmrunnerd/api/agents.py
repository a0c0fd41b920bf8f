"""An agent's login is kept, deleted and shown; the request itself is never recorded."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.views import AgentView
from pmrunnerd.services import acpprogram


async def agent_login(desk: Desk, caller: Caller, request: p.AgentLogin) -> AgentView:
    return await desk.logins.login(request, caller.name)


async def agent_logout(desk: Desk, caller: Caller, request: p.AgentLogout) -> AgentView:
    return await desk.logins.logout(request.agent, caller.name)


async def agent_try(desk: Desk, _: Caller, request: p.AgentTry) -> Checkup:
    if request.agent == acpprogram.AGENT:
        return Checkup(state_directory=str(desk.state_directory), checks=(_acp(desk),))
    return await desk.logins.attempt(request.agent, desk.settings)


async def agent_show(desk: Desk, _: Caller, request: p.AgentShow) -> AgentView:
    if request.agent == acpprogram.AGENT:
        return _of_acp(_acp(desk))
    return await desk.logins.show(request.agent)


def _acp(desk: Desk) -> Check:
    return acpprogram.check(desk.settings.agent_acp_command, desk.settings.agent_acp_shown)


def _of_acp(found: Check) -> AgentView:
    """Return what there is to tell of an agent that logs in by itself."""
    if found.state == "ok":
        return AgentView(agent=acpprogram.AGENT, program=found.found)
    return AgentView(agent=acpprogram.AGENT, problem=found.found, hint=found.hint)


AGENTS: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.AgentLogin: agent_login,
    p.AgentLogout: agent_logout,
    p.AgentShow: agent_show,
    p.AgentTry: agent_try,
}
