"""What Claude Code says, in our words. Pure: the same message always gives the same reports."""

import json
from collections.abc import Iterator
from typing import Any, Final

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    RateLimitEvent,
    RateLimitInfo,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from pmrunnerd.model.progress import AnyProgress, Changed, Charged, Other, Said, Used
from pmrunnerd.services.agents.targets import short, target

# Characters that a report repeats of what nobody has a word for.
_LONG: Final = 4000
# What tells nothing about the work.
_SILENT: Final = frozenset({"init", "hook_started", "hook_response", "permission_denied", "status"})


class Translator:
    """Translates one conversation: a tool is told together with how its use ended.

    `spent` are the US dollars that the session had cost before.
    """

    def __init__(self, spent: float = 0.0) -> None:
        self._spent = spent
        self._used: dict[str, ToolUseBlock] = {}

    def translate(self, message: Message) -> Iterator[AnyProgress]:
        """Yield what a message reports."""
        match message:
            case AssistantMessage(content=blocks):
                for block in blocks:
                    yield from self._assistant(block)
            case UserMessage(content=list() as blocks, tool_use_result=details):
                for block in blocks:
                    if isinstance(block, ToolResultBlock):
                        yield self._result(block)
                        yield from _changed(details)
            case ResultMessage(total_cost_usd=float() | int() as dollars, num_turns=turns):
                more = round(max(0.0, dollars - self._spent), 6)
                yield Charged(at="", dollars=more, turns=turns)
            case SystemMessage(subtype=kind, data=data):
                if kind not in _SILENT:
                    yield Other(at="", kind=kind, data=short(json.dumps(data), _LONG))
            case _:
                yield from _rest(message)

    def _assistant(self, block: object) -> Iterator[AnyProgress]:
        match block:
            case TextBlock(text=text):
                yield Said(at="", text=text)
            case ThinkingBlock(thinking=text):
                yield Said(at="", text=text, thought=True)
            case ToolUseBlock(id=name):
                self._used[name] = block
            case _:
                yield Other(at="", kind=type(block).__name__, data=short(repr(block), _LONG))

    def _result(self, block: ToolResultBlock) -> AnyProgress:
        used = self._used.pop(block.tool_use_id, None)
        return Used(
            at="",
            tool=used.name if used else "",
            target=target(used.input) if used else "",
            result=short(_text(block.content)),
            failed=bool(block.is_error),
        )


def _rest(message: Message) -> Iterator[AnyProgress]:
    match message:
        case UserMessage() | ResultMessage():
            pass  # what we said ourselves, and an end that has cost nothing
        case RateLimitEvent(rate_limit_info=RateLimitInfo(status="allowed")):
            pass
        case _:
            yield Other(at="", kind=type(message).__name__, data=short(repr(message), _LONG))


def _changed(details: Any) -> Iterator[AnyProgress]:
    if not isinstance(details, dict) or not details.get("filePath"):
        return
    hunks = details.get("structuredPatch") or []
    lines = [str(line) for hunk in hunks for line in hunk.get("lines") or ()]
    if details.get("type") == "create":
        lines = ["+"] * len(str(details.get("content") or "").splitlines())
    yield Changed(
        at="",
        path=str(details["filePath"]),
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
    )


def _text(content: object) -> str:
    if isinstance(content, list):
        texts = (one.get("text", "") for one in content if isinstance(one, dict))
        return "\n".join(map(str, texts))
    return "" if content is None else str(content)
