"""What a session has cost by now, asked of the CLI whenever it said something.

Its transcript has no sum before its end, which a run that is killed never comes to.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from claude_agent_sdk import CLIConnectionError, Transport

_NAME: Final = "cost"
# Without the first it reads the transcripts of a week; with the second nothing waits for the answer.
_ASKS: Final = {"subtype": "get_usage", "skip_behaviors": True, "detached": True}
_LINE: Final = json.dumps({"type": "control_request", "request_id": _NAME, "request": _ASKS})
# After the end of a turn there is nothing to ask: it has the sum.
_SAYS: Final = frozenset({"assistant", "user"})


class Meter(Transport):
    """A transport that asks for itself: `tell` gets the US dollars that the session has cost.

    The SDK has no words for this question, and does not get to see the answer. `hear` gets all else
    that is said, as it came.
    """

    def __init__(
        self,
        transport: Transport,
        tell: Callable[[float], None],
        hear: Callable[[dict[str, Any]], None],
    ) -> None:
        self._transport = transport
        self._tell = tell
        self._hear = hear
        self._lock = asyncio.Lock()
        self._asked = False
        self._due = False

    async def connect(self) -> None:
        """Begin."""
        await self._transport.connect()

    async def write(self, data: str) -> None:
        """Say something, after what is being said."""
        async with self._lock:
            await self._transport.write(data)

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield all that is said but for the answers to our own question."""
        async for message in self._transport.read_messages():
            if _is_answer(message):
                self._asked = False
                if (cost := _cost(message["response"])) is not None:
                    self._tell(cost)
            else:
                self._due = self._due or message.get("type") in _SAYS
                self._hear(message)
                yield message
            if self._due and not self._asked:
                await self._ask()

    async def _ask(self) -> None:
        self._asked, self._due = True, False
        with contextlib.suppress(CLIConnectionError):  # who reads it will hear why
            await self.write(_LINE + "\n")

    async def close(self) -> None:
        """End it."""
        await self._transport.close()

    def is_ready(self) -> bool:
        """Tell whether something can be said."""
        return self._transport.is_ready()

    async def end_input(self) -> None:
        """Say that nothing more will come."""
        await self._transport.end_input()


def _is_answer(message: dict[str, Any]) -> bool:
    response = message.get("response")
    return isinstance(response, dict) and response.get("request_id") == _NAME


def _cost(response: dict[str, Any]) -> float | None:
    said = response.get("response")
    session = said.get("session") if isinstance(said, dict) else None
    cost = session.get("total_cost_usd") if isinstance(session, dict) else None
    return float(cost) if isinstance(cost, int | float) else None
