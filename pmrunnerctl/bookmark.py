"""Where a stream goes on after the connection broke: nothing twice, nothing left out."""

from typing import Any, Final

from msgspec.structs import replace

from pmrunnerd.model import protocol as p

FIELD: Final[dict[type, str]] = {p.ChatFollow: "since", p.Events: "since", p.RunLogs: "cursor"}


class Bookmark:
    """Remembers how far a stream was read.

    One commit can make several entries of a conversation, all with its cursor, and a connection
    can break between two of them. So a conversation goes on from the commit before, and the entries
    already seen are passed over.
    """

    def __init__(self, request: p.Request[Any]) -> None:
        self._request = request
        self._field = FIELD[type(request)]
        self._shared = isinstance(request, p.ChatFollow)
        self._cursor: int | None = getattr(request, self._field)
        self._seen = 0
        self._skip = 0

    def request(self) -> p.Request[Any]:
        """Return the request that goes on from here."""
        self._skip = self._seen
        cursor = self._cursor
        if self._seen and cursor is not None:
            cursor -= 1
        return replace(self._request, **{self._field: cursor})

    def passes(self, item: Any) -> bool:
        """Take note of an item; False for one that was seen before."""
        if self._shared and self._skip and item.cursor == self._cursor:
            self._skip -= 1
            return False
        self._skip = 0
        if self._shared:
            self._seen = self._seen + 1 if item.cursor == self._cursor else 1
        self._cursor = item.cursor
        return True

    def at_least(self, cursor: int) -> None:
        """Take the daemon's word for where a stream stood from which nothing came yet."""
        if self._cursor is None:
            self._cursor = cursor
