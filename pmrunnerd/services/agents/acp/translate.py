"""What an agent says by the protocol, in our words. Pure: the same updates give the same reports.

It reads them as they come, and not by the library's types: what those do not know would be lost.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pmrunnerd.model.progress import AnyProgress, Charged, Other
from pmrunnerd.services.agents import sayings
from pmrunnerd.services.agents.acp import calls
from pmrunnerd.services.agents.targets import short

_MESSAGE: Final = "agent_message_chunk"
_THOUGHT: Final = "agent_thought_chunk"
_CALLS: Final = frozenset({"tool_call", "tool_call_update"})
_ENDS: Final = frozenset({"completed", "failed"})
# What tells nothing about the work, or repeats what we said ourselves.
_SILENT: Final = frozenset(
    {
        *("user_message_chunk", "available_commands_update", "current_mode_update"),
        *("config_option_update", "session_info_update"),
    }
)
# Characters of one message; of what comes after, nobody reads all.
_MOST: Final = 1 << 20
_LONG: Final = 4000


class Translator:
    """Translates one session: pieces of a message are told as one, a tool with how its use ended.

    `spent` are the US dollars that the session had cost before. `last` is the latest message that
    was whole, and `has_heard` whether a model has said or done anything.
    """

    def __init__(self, spent: float = 0.0) -> None:
        self._spent = spent
        self._base: float | None = None
        self._pieces: list[str] = []
        self._length = 0
        self._kind: tuple[str, Any] = ("", None)
        self._calls: dict[str, dict[str, Any]] = {}
        self.last = ""
        self.has_heard = False

    def translate(self, update: Mapping[str, Any]) -> Iterator[AnyProgress]:
        """Yield what an update reports, and what is whole now that was not before."""
        kind = str(update.get("sessionUpdate", ""))
        self.has_heard = self.has_heard or kind in {_MESSAGE, _THOUGHT, *_CALLS}
        if kind in {_MESSAGE, _THOUGHT}:
            yield from self._piece((kind, update.get("messageId")), update.get("content"))
        elif kind in _CALLS:
            yield from self._call(update, begins=kind == "tool_call")
        elif kind == "usage_update":
            yield from self._cost(update.get("cost"))
        elif kind not in _SILENT:
            yield Other(at="", kind=short(kind), data=short(json.dumps(update), _LONG))

    def rest(self) -> Iterator[AnyProgress]:
        """Yield what is whole because nothing more of it will come."""
        text = "".join(self._pieces)
        kind, _ = self._kind
        self._pieces, self._length, self._kind = [], 0, ("", None)
        if not text.strip():
            return
        if kind == _MESSAGE:
            self.last = text
        yield from sayings.said(text, thought=kind == _THOUGHT)

    def call(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that is known of a call, of which something is said again."""
        known = self._calls.get(str(given.get("toolCallId")), {})
        return known | {name: value for name, value in given.items() if value is not None}

    def _piece(self, kind: tuple[str, Any], content: Any) -> Iterator[AnyProgress]:
        if kind != self._kind:
            yield from self.rest()
            self._kind = kind
        text = content.get("text") if isinstance(content, Mapping) else None
        if isinstance(text, str) and self._length < _MOST:
            self._pieces.append(text)
            self._length += len(text)

    def _call(self, update: Mapping[str, Any], *, begins: bool) -> Iterator[AnyProgress]:
        if begins:
            yield from self.rest()
        name, call = str(update.get("toolCallId")), self.call(update)
        self._calls[name] = call
        if call.get("status") in _ENDS:
            del self._calls[name]
            yield calls.used(call)
            yield from calls.changed(call)

    def _cost(self, cost: Any) -> Iterator[AnyProgress]:
        amount = cost.get("amount") if isinstance(cost, Mapping) else None
        if not isinstance(amount, int | float) or cost.get("currency") != "USD":
            return
        if not math.isfinite(amount):
            return
        if self._base is None:
            # A session that was loaded is counted from its beginning, or from its loading.
            self._base = self._spent if amount >= self._spent else 0.0
        yield Charged(at="", dollars=round(max(0.0, amount - self._base), 6))
