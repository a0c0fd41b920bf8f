"""Replies kept as they travel, for as long as the same request must be answered the same.

People's pages and scripts ask the same few things again and again while nothing happens.
"""

from typing import Any, Final

import msgspec

from pmrunnerd.model import protocol as p

# What these show depends on durable facts and on the request, and on nothing else: not on the
# caller, the clock, a process, or why a task waits. So until the durable mark moves it is the same.
DURABLE: Final[frozenset[type[p.Request[Any]]]] = frozenset(
    {p.Inbox, p.ChatHistory, p.PlanList, p.RunList}
)
# Replies that are kept at most, and bytes of one: 4 MiB in all.
MOST: Final = 64
LARGEST: Final = 64 << 10


class Remembered:
    """The replies of one durable mark; all are forgotten as soon as there is another."""

    def __init__(self) -> None:
        self._mark = 0
        self._replies: dict[p.Request[Any], msgspec.Raw] = {}

    def find(self, mark: int, request: p.Request[Any]) -> msgspec.Raw | None:
        """Return the reply to a request at a durable mark, if it is known."""
        if mark != self._mark:
            self._replies.clear()
            self._mark = mark
        return self._replies.get(request)

    def keep(self, request: p.Request[Any], reply: bytes) -> None:
        """Keep a reply for the mark that was asked for last; not all of them are worth it."""
        if type(request) in DURABLE and len(reply) <= LARGEST:
            if len(self._replies) >= MOST:
                self._replies.clear()
            self._replies[request] = msgspec.Raw(reply)
