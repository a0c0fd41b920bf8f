"""An agent's login is kept, deleted and shown; the request itself is never recorded."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.views import AgentView


async def agent_login(desk: Desk, caller: Caller, request: p.AgentLogin) -> AgentView:
    return await desk.logins.login(request, caller.name)


async def agent_logout(desk: Desk, caller: Caller, request: p.AgentLogout) -> AgentView:
    return await desk.logins.logout(request.agent, caller.name)


async def agent_try(desk: Desk, _: Caller, request: p.AgentTry) -> Checkup:
    return await desk.logins.attempt(request.agent, desk.settings)


async def agent_show(desk: Desk, _: Caller, request: p.AgentShow) -> AgentView:
    return await desk.logins.show(request.agent)


AGENTS: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.AgentLogin: agent_login,
    p.AgentLogout: agent_logout,
    p.AgentShow: agent_show,
    p.AgentTry: agent_try,
}
