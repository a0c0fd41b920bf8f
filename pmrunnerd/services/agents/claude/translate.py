"""What Claude Code says, in our words. Pure: the same message always gives the same reports."""

import json
from collections.abc import Iterator, Set
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

from pmrunnerd.model.progress import AnyProgress, Changed, Charged, Other, Used
from pmrunnerd.services.agents import sayings
from pmrunnerd.services.agents.claude.asked import TOOL
from pmrunnerd.services.agents.targets import short, target

# Characters that a report repeats of what nobody has a word for.
_LONG: Final = 4000
_RESULT: Final = "StructuredOutput"
# What tells nothing about the work, or again what a start and a notification of a task tell.
_SILENT: Final = frozenset(
    {
        "init",
        "hook_started",
        "hook_response",
        "permission_denied",
        "status",
        "background_tasks_changed",
        "task_updated",
    }
)
# The model of what the CLI says itself.
_OWN: Final = "<synthetic>"
_ASKED: Final = "a person is asked"
# What the CLI says of all that the end of a turn cuts off, as if somebody had refused it.
_REFUSED: Final = "The user doesn't want to proceed with this tool use."
_STOPPED: Final = "the turn was cut short before it was done"


def is_answer(message: Message) -> bool:
    """Tell whether a model said it: the CLI spells its own errors as words of one."""
    return isinstance(message, AssistantMessage) and not message.error and message.model != _OWN


class Translator:
    """Translates one conversation: a tool is told together with how its use ended.

    `spent` are the US dollars of the session's count that are no cost of this one; `refused` the
    calls that a person is asked about, of which the CLI says that somebody said no.
    """

    def __init__(self, spent: float = 0.0, refused: Set[str] = frozenset()) -> None:
        self._spent = spent
        self._told = 0.0
        self._refused = refused
        self._turns: set[str] = set()
        self._used: dict[str, ToolUseBlock] = {}

    def translate(self, message: Message) -> Iterator[AnyProgress]:
        """Yield what a message reports."""
        match message:
            case AssistantMessage(content=blocks):
                self._count(message)
                for block in blocks:
                    yield from self._assistant(block)
            case UserMessage(content=list() as blocks, tool_use_result=details):
                for block in blocks:
                    if isinstance(block, ToolResultBlock):
                        yield from self._result(block)
                        yield from _changed(details)
            case ResultMessage(total_cost_usd=float() | int() as dollars):
                self._told = self._since(dollars)
                yield Charged(at="", dollars=self._told, turns=len(self._turns))
            case SystemMessage(subtype=kind, data=data):
                if kind not in _SILENT:
                    yield Other(at="", kind=kind, data=short(json.dumps(data), _LONG))
            case _:
                yield from _rest(message)

    def count(self, total: float) -> Iterator[Charged]:
        """Yield what it has cost by now, where that is more than was told; `total`: the session."""
        if (dollars := self._since(total)) > self._told:
            self._told = dollars
            yield Charged(at="", dollars=dollars, turns=len(self._turns))

    def _since(self, total: float) -> float:
        return round(max(0.0, total - self._spent), 6)

    def _count(self, message: AssistantMessage) -> None:
        # The CLI counts anew whenever it is told something, and one more than the limit.
        if message.message_id and message.model != _OWN and not message.parent_tool_use_id:
            self._turns.add(message.message_id)

    def _assistant(self, block: object) -> Iterator[AnyProgress]:
        match block:
            case TextBlock(text=text):
                yield from sayings.said(text)
            case ThinkingBlock(thinking=text):
                yield from sayings.said(text, thought=True)
            case ToolUseBlock(id=name):
                self._used[name] = block
            case _:
                yield _other(block)

    def _result(self, block: ToolResultBlock) -> Iterator[AnyProgress]:
        used = self._used.pop(block.tool_use_id, None)
        if used and used.name == _RESULT and not block.is_error:
            return  # it is told as what it says
        text = _text(block.content)
        stopped = bool(block.is_error) and text.startswith(_REFUSED)
        asked = block.tool_use_id in self._refused or (stopped and used and used.name == TOOL)
        yield Used(
            at="",
            tool=used.name if used else "",
            target=target(used.input) if used else "",
            result=_ASKED if asked else _STOPPED if stopped else short(text),
            failed=bool(block.is_error) and not asked,
        )


def _rest(message: Message) -> Iterator[AnyProgress]:
    match message:
        case UserMessage() | ResultMessage():
            pass  # what we said ourselves, and an end that has cost nothing
        case RateLimitEvent(rate_limit_info=RateLimitInfo(status="allowed")):
            pass
        case _:
            yield _other(message)


def _other(thing: object) -> Other:
    known = vars(thing) if hasattr(thing, "__dict__") else repr(thing)
    if isinstance(thing, RateLimitEvent):
        known = thing.rate_limit_info.raw or vars(thing.rate_limit_info)
    data = json.dumps(known, default=lambda part: getattr(part, "__dict__", repr(part)))
    return Other(at="", kind=type(thing).__name__, data=short(data, _LONG))


def _changed(details: Any) -> Iterator[AnyProgress]:
    if not isinstance(details, dict) or not details.get("filePath"):
        return
    hunks = [hunk for hunk in _list(details.get("structuredPatch")) if isinstance(hunk, dict)]
    lines = [str(line) for hunk in hunks for line in _list(hunk.get("lines"))]
    if details.get("type") == "create":
        lines = ["+"] * len(str(details.get("content") or "").splitlines())
    yield Changed(
        at="",
        path=short(str(details["filePath"])),
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(content: object) -> str:
    if isinstance(content, list):
        texts = (one.get("text", "") for one in content if isinstance(one, dict))
        return "\n".join(map(str, texts))
    return "" if content is None else str(content)
