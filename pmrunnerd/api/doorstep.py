"""One HTTP connection: it asks in time, or makes room for those who do.

Import it late: uvicorn takes longer to import than the rest of the daemon takes to start.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from pmrunnerd.api import problems
from pmrunnerd.api.deadline import Deadline
from pmrunnerd.api.problems import Rejected


class Crowd:
    """All who are connected, `most` at a time. Who has asked nothing for longest goes first.

    `heard` is called whenever somebody says something, before it is answered.
    """

    def __init__(self, most: int, heard: Callable[[], None] = lambda: None) -> None:
        self._most = most
        self.heard = heard
        self.moved = asyncio.Event()
        # In the order in which they came or were last answered.
        self._present: dict[Doorstep, None] = {}

    def __len__(self) -> int:
        return len(self._present)

    @property
    def has_all_asked(self) -> bool:
        """Whether nobody is here who has connected and asked nothing yet."""
        return all(one.has_asked for one in self._present)

    def enter(self, one: "Doorstep") -> None:
        """Let somebody in, at the cost of who waits for nothing if need be."""
        self._present[one] = None
        if len(self._present) > self._most:
            idle = next((other for other in self._present if not other.busy), one)
            idle.give_up()

    def answered(self, one: "Doorstep") -> None:
        """Note that somebody was there just now."""
        if one in self._present:
            del self._present[one]
            self._present[one] = None

    def leave(self, one: "Doorstep") -> None:
        """Forget somebody."""
        self._present.pop(one, None)
        self.moved.set()


class Doorstep(H11Protocol):
    """A connection of uvicorn that has a deadline for the head of a request."""

    crowd: Crowd
    head: float  # seconds

    @property
    def has_asked(self) -> bool:
        """Whether a request has come, answered or not."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None

    @property
    def busy(self) -> bool:
        """Tell whether a request is being answered."""
        # uvicorn declares it to be there always, and sets it to None.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = Deadline()
        self._deadline.set(self.head, self._too_slow)
        self.crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.stop()
        self.crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.crowd.heard()
        super().data_received(data)
        # Between two requests uvicorn waits for the first byte of the next one, and we for the rest.
        if self.busy:
            self._deadline.stop()
            self.crowd.moved.set()
        elif self._has_begun() and not self._deadline.is_set:
            self._deadline.set(self.head, self._too_slow)

    def on_response_complete(self) -> None:
        self.crowd.answered(self)
        super().on_response_complete()
        if self._has_begun() and not self.busy and not self._deadline.is_set:
            self._deadline.set(self.head, self._too_slow)

    def give_up(self) -> None:
        """Make room."""
        self._deadline.stop()
        self.transport.abort()

    def _has_begun(self) -> bool:
        return bool(self.conn.trailing_data[0])

    def _too_slow(self) -> None:
        """Hang up; who has begun to ask is told why, and who only connected has nothing to read."""
        if self._has_begun():
            self.transport.write(_late(self.head))
        self.transport.close()


def doorstep(crowd: Crowd, head: float) -> type[asyncio.Protocol]:
    """Return the connections of one door."""
    members: dict[str, Any] = {"crowd": crowd, "head": head}
    return type("Doorstep", (Doorstep,), members)


def _late(seconds: float) -> bytes:
    why = Rejected(
        HTTPStatus.REQUEST_TIMEOUT,
        f"cannot wait more than {seconds:.0f} s for the head of a request",
    )
    body = problems.encode(problems.problem(why.why, why.status))
    head = (
        f"HTTP/1.1 {why.status.value} {why.status.phrase}\r\ncontent-type: {problems.MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
