"""Whether a notification arrives is seen by sending one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import NotifyTested


async def notify_test(desk: Desk, _: Caller, __: p.NotifyTest) -> NotifyTested:
    """Send a test, and wait for what comes back."""
    word, target = await desk.notices.test()
    return NotifyTested(
        target=target,
        delivered=word.delivered,
        said=word.said,
        hint=word.hint,
        tries=word.tries,
    )


NOTICES: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.NotifyTest: notify_test,
}
