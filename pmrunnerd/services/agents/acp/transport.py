"""A program in the run's cell, as the protocol's library speaks to it: messages both ways."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pmrunnerd.services.agents.speaking import Lines

UPDATE = "session/update"


class CellTransport:
    """Hands messages on, and hears each update before the library does anything about it.

    What `hear` raises ends the conversation, and is in `failure`: nobody else would tell of it.
    """

    def __init__(self, program: Lines, hear: Callable[[Mapping[str, Any]], None]) -> None:
        self._program = program
        self._hear = hear
        self.failure: Exception | None = None

    async def send(self, message: dict[str, Any]) -> None:
        """Say a message, after all that was said before. Raises Unheard."""
        await self._program.say(json.dumps(message).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message; None where there will be none."""
        message = await self._program.message()
        if message is not None:
            try:
                self._listen(message)
            except Exception as exc:  # noqa: BLE001 - handed on by whoever waits for an answer
                self.failure = exc
                return None
        return message

    async def close(self) -> None:
        """Leave the program as it is: whoever started it ends it."""

    def _listen(self, message: Mapping[str, Any]) -> None:
        params = message.get("params")
        if message.get("method") == UPDATE and isinstance(params, Mapping):
            update = params.get("update")
            if isinstance(update, Mapping):
                self._hear(update)
