"""What the CLI said, as it was recorded, and specs to answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from claude_agent_sdk import Message
from claude_agent_sdk._internal.message_parser import parse_message

from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.speaking import Lines
from pmrunnerd.services.cell import Reach
from tests.unit.services.parts import unconfined

RECORDED = Path(__file__).with_name("recorded")


def recorded(name: str) -> list[Message]:
    """Return the messages of a stream of the real CLI."""
    lines = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    messages = (parse_message(json.loads(line)) for line in lines)
    return [message for message in messages if message is not None]


class Teller(CellTransport):
    """The other side of a conversation: says what was recorded, a batch for each prompt.

    The first batch comes by itself where `unasked`; after the last one it is gone. `said` are the
    prompts that it got.
    """

    def __init__(self, *batches: list[dict[str, Any]], unasked: bool = False) -> None:
        cell = unconfined(Path("/nonexistent"))
        super().__init__(Lines(cell, [], {}, Reach(), heard=lambda: None))
        self._told: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._batches = list(batches)
        self._unasked = unasked
        self.said: list[str] = []
        self.killed = False

    async def connect(self) -> None:
        """Begin with what comes by itself."""
        if self._unasked:
            self._tell()

    def _tell(self) -> None:
        if not self._batches:
            self._told.put_nowait(None)
            return
        for message in self._batches.pop(0):
            self._told.put_nowait(json.dumps(message).encode())

    async def write(self, data: str) -> None:
        """Take a prompt, or a word of the protocol."""
        heard = json.loads(data)
        if heard["type"] == "user":
            self.said.append(heard["message"]["content"])
            self._tell()
        elif heard["type"] == "control_request":
            reply = {"subtype": "success", "request_id": heard["request_id"], "response": {}}
            answer = {"type": "control_response", "response": reply}
            self._told.put_nowait(json.dumps(answer).encode())

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the lines."""
        while (line := await self._told.get()) is not None:
            yield json.loads(line)

    async def kill(self) -> None:
        """End, at once."""
        self.killed = True
        self._told.put_nowait(None)

    def is_ready(self) -> bool:
        """Tell that it listens."""
        return True


def lines(name: str) -> list[dict[str, Any]]:
    """Return the lines of a stream of the real CLI."""
    return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text().splitlines()]


def ended(output: Any = None, **more: Any) -> dict[str, Any]:
    """Return the line with which a turn ends."""
    return {
        "type": "result",
        "subtype": "success",
        "duration_ms": 1,
        "duration_api_ms": 1,
        "is_error": False,
        "num_turns": 1,
        "session_id": "s",
        "structured_output": output,
        **more,
    }


def stopped(call: str) -> dict[str, Any]:
    """Return the line with which the CLI says that a call came to nothing."""
    result = {"type": "tool_result", "tool_use_id": call, "content": "STOP", "is_error": True}
    return {"type": "user", "message": {"role": "user", "content": [result]}}


def asks(call: str) -> dict[str, Any]:
    """Return the line with which a model asks."""
    given = {"questions": [{"question": "Which?"}]}
    use = {"type": "tool_use", "id": call, "name": "AskUserQuestion", "input": given}
    return {"type": "assistant", "message": {"id": "m1", "model": "m", "content": [use]}}
