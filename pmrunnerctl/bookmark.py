"""Where a stream goes on after the connection broke: nothing twice, nothing left out."""

from typing import Any, Final

from msgspec.structs import replace

from pmrunnerd.model import protocol as p

FIELD: Final[dict[type, str]] = {
    **dict.fromkeys((p.ChatFollow, p.Events), "since"),
    **dict.fromkeys((p.RunLogs, p.GateLog), "cursor"),
}


class Bookmark:
    """Remembers how far a stream was read.

    One commit can make several entries of a conversation, all with its cursor, and a connection
    can break between two of them. So a conversation goes on from the commit before, and the entries
    already seen are passed over. A cursor is of the `lineage` of the state that it was read from.
    """

    def __init__(self, request: p.Request[Any], lineage: str | None = None) -> None:
        self._request = request
        self._lineage, self._theirs = lineage or "", ""
        self._field = FIELD[type(request)]
        self._shared = isinstance(request, p.ChatFollow)
        self._cursor: int | None = getattr(request, self._field)
        self._seen = 0
        self._skip = 0

    def request(self, lineage: str | None = None) -> p.Request[Any]:
        """Return the request that goes on from here, of a daemon whose state is of a lineage.

        With None it has never heard of any, and would refuse one. Nor is one said of a cursor that
        a person typed: it is theirs, whatever it is.
        """
        self._skip = self._seen
        cursor, known = self._cursor, self._lineage if lineage is not None else ""
        self._theirs = lineage or ""
        self._lineage = self._lineage or self._theirs
        if self._seen and cursor is not None and known in ("", self._theirs):
            cursor -= 1
        return replace(
            self._request, **{self._field: cursor}, **({"lineage": known} if known else {})
        )

    def passes(self, item: Any) -> bool:
        """Take note of an item; False for one that was seen before."""
        if self._shared and self._skip and item.cursor == self._cursor:
            self._skip -= 1
            return False
        self._skip = 0
        self._lineage = self._theirs or self._lineage
        if self._shared:
            self._seen = self._seen + 1 if item.cursor == self._cursor else 1
        self._cursor = item.cursor
        return True

    def restored(self, cursor: int) -> str:
        """Go on from a cursor of the state that the daemon has now; say from where."""
        self._lineage = self._theirs
        if cursor != self._cursor:
            self._cursor, self._seen = cursor, 0
        what = "byte" if self._field == "cursor" else "commit"
        return f"going on from {what} {cursor}"

    def at_least(self, cursor: int) -> None:
        """Take the daemon's word for where a stream stood from which nothing came yet."""
        if self._cursor is None:
            self._cursor = cursor
