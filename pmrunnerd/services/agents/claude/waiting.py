"""What a session waits with: questions that nobody has answered, and what the end of a turn cut off.

Read from its transcript, as the CLI wrote it. Pure.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents import lines
from pmrunnerd.services.agents.claude import asked

# Bytes at the end of a transcript in which the CLI looks for a call that it deferred.
REACH: Final = 1 << 20
_DEFERRAL: Final = "hook_deferred_tool"
# Our own kind of entry, which the CLI passes by.
_NOTE: Final = "told-in-words"
# How the CLI calls it that a use was not let to its end. What a rule of ours refused is none of it.
_STOPPED: Final = frozenset({"user-rejected", "interrupted", "cancelled"})
# The model of what the CLI says itself.
_OWN: Final = "<synthetic>"


class Use(Struct, frozen=True):
    """A tool that the model called, and what it gave it."""

    tool: str
    given: dict[str, Any]


class Waiting(Struct, frozen=True):
    """What is open of a session's last turn, by the identifier of the call.

    `calls` are its questions that have no result. `again` is the call that the CLI makes again when
    it is resumed without a prompt; empty where it makes none. `heard` are all calls whose
    answer the model has. `cut` is what was called and stopped, of which the CLI says that a user refused it.
    """

    calls: dict[str, tuple[Asked, ...]]
    again: str = ""
    heard: frozenset[str] = frozenset()
    cut: dict[str, Use] = {}

    @property
    def questions(self) -> tuple[Asked, ...]:
        """All of them, in the order in which they were asked."""
        return tuple(one for call in self.calls.values() for one in call)

    @property
    def is_alone(self) -> bool:
        """Whether the call that is made again is all that is open."""
        return set(self.calls) == {self.again} and not self.cut


def read(transcript: bytes) -> Waiting:
    """Return what a transcript says of it."""
    turn: str | None = None
    uses: dict[str, Use] = {}
    results: dict[str, str] = {}
    questions: set[str] = set()
    told: set[str] = set()
    heard: set[str] = set()
    for entry in entries(transcript):
        if entry.get("type") == _NOTE:
            told.add(str(entry.get("tool_use_id")))
        if _is_new_turn(entry, turn):
            turn, uses = entry["message"].get("id"), {}
            heard |= told
        for block in _blocks(entry):
            if block.get("type") == "tool_use":
                use = Use(str(block.get("name")), _object(block.get("input")))
                uses[str(block.get("id"))] = use
                if use.tool == asked.TOOL:
                    questions.add(str(block.get("id")))
            elif block.get("type") == "tool_result":
                call = str(block.get("tool_use_id"))
                results[call] = str(entry.get("toolDenialKind") or "")
                if call in questions and not block.get("is_error"):
                    heard.add(call)
    return Waiting(
        calls={
            call: asked.read(use.given, call)
            for call, use in uses.items()
            if use.tool == asked.TOOL and call not in results
        },
        again=_again(transcript[-REACH:]),
        heard=frozenset(heard),
        cut={call: use for call, use in uses.items() if results.get(call) in _STOPPED},
    )


def note(call: str) -> bytes:
    """Return the entry that says of a call that the session is told in words what it asked for.

    It is written before that is said, and counts once the model has said something after it. Where
    it stands behind a deferral, the CLI takes that for settled.
    """
    return msgspec.json.encode({"type": _NOTE, "tool_use_id": call})


def entries(transcript: bytes) -> Iterator[dict[str, Any]]:
    """Yield the entries of a transcript; what is none, or was cut off by a kill, is passed by."""
    for line in transcript.splitlines():
        try:
            entry = lines.read(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def _again(end: bytes) -> str:
    """Return the call that was deferred last, unless its identifier stands as a result's behind it."""
    deferred = ""
    for line in end.splitlines():
        if deferred and f'"tool_use_id":"{deferred}"'.encode() in line:
            deferred = ""
        if _DEFERRAL.encode() in line:
            for entry in entries(line):
                deferred = _deferred(entry) or deferred
    return deferred


def _deferred(entry: dict[str, Any]) -> str:
    attached = _object(entry.get("attachment"))
    if attached.get("type") != _DEFERRAL:
        return ""
    return str(attached.get("toolUseID") or "")


def _is_new_turn(entry: dict[str, Any], turn: str | None) -> bool:
    message = _object(entry.get("message"))
    if entry.get("type") != "assistant" or message.get("model") == _OWN:
        return False
    return not entry.get("isSidechain") and message.get("id") != turn


def _blocks(entry: dict[str, Any]) -> list[dict[str, Any]]:
    content = _object(entry.get("message")).get("content")
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}
