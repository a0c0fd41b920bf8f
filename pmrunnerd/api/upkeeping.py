"""The daemon itself, as those who operate it have it: started again, its configuration read again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.upkeep import Reloaded


async def restart(desk: Desk, _: Caller, __: p.Restart) -> p.Done:
    """Leave, and have the service manager start another."""
    desk.restart()
    return p.Done(id=desk.environment)


async def reload(desk: Desk, _: Caller, __: p.Reload) -> Reloaded:
    """Use what is configured now."""
    return desk.reload()


UPKEEPS: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.Restart: restart,
    p.Reload: reload,
}
