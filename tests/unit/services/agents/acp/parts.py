"""The other side of a conversation, without a program."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pmrunnerd.services.agents.speaking import Lines
from pmrunnerd.services.cell import Reach
from tests.unit.services.parts import unconfined

Said = dict[str, Any]

INITIALIZED: Said = {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}}
NEW: Said = {"sessionId": "s1"}
GONE: Said = {"code": -32002, "message": "Resource not found"}


class Teller(Lines):
    """Answers each request by what is known of its method; `says` come before the answer.

    An answer that is a list is for one request after the other. What has none is not answered.
    `heard` is all that was said to it.
    """

    def __init__(self, says: Callable[[Said], list[Said]] = lambda _: [], **answers: Any) -> None:
        super().__init__(unconfined(Path("/nonexistent")), [], {}, Reach(), heard=lambda: None)
        self._says = says
        given = {"initialize": INITIALIZED, "session_load": GONE, "session_new": NEW} | answers
        self._answers = {name.replace("_", "/", 1): answer for name, answer in given.items()}
        self._told: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.heard: list[Said] = []
        self.is_closed = False

    def methods(self) -> list[str]:
        return [one["method"] for one in self.heard if "method" in one]

    def tell(self, message: Said | bytes | None) -> None:
        raw = json.dumps(message).encode() if isinstance(message, dict) else message
        self._told.put_nowait(raw)

    async def start(self) -> None:
        """Be there."""

    async def say(self, data: bytes) -> None:
        """Hear a message, and answer it."""
        message = json.loads(data)
        self.heard.append(message)
        for one in self._says(message):
            self.tell(one)
        answer = self._answers.get(message.get("method"))
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if "id" in message and answer is not None:
            kind = "error" if "code" in answer else "result"
            self.tell({"jsonrpc": "2.0", "id": message["id"], kind: answer})

    async def next(self) -> bytes | None:
        """Tell the next line."""
        return await self._told.get()

    async def close(self, *, at_once: bool = False, soon: bool = False) -> None:
        """Be gone."""
        del at_once, soon
        self.is_closed = True
        self._told.put_nowait(None)


def update(kind: str, **more: Any) -> Said:
    """Return the notification of an update."""
    params = {"sessionId": "s1", "update": {"sessionUpdate": kind, **more}}
    return {"jsonrpc": "2.0", "method": "session/update", "params": params}


def message(text: str) -> Said:
    """Return what says something."""
    return update("agent_message_chunk", content={"type": "text", "text": text})
