"""What Claude Code says, in our words. Pure: the same message always gives the same reports."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from pmrunnerd.model.progress import Charged, Progress, Said, Other, Used

# Characters that a report repeats of what a tool was given, or gave back.
_SHORT: Final = 400
_LONG: Final = 4000
# What of a tool's input says on what it was used, the first that is there.
_TARGETS: Final = ("file_path", "command", "pattern", "path", "url", "query", "description")
# What tells nothing about the work.
_SILENT: Final = frozenset({"init", "hook_started", "hook_response", "permission_denied", "status"})


class Translator:
    """Translates one conversation: a tool is told together with how its use ended."""

    def __init__(self) -> None:
        self._used: dict[str, ToolUseBlock] = {}

    def translate(self, message: Message) -> Iterator[Progress]:
        """Yield what a message reports."""
        match message:
            case AssistantMessage(content=blocks):
                for block in blocks:
                    yield from self._assistant(block)
            case UserMessage(content=list() as blocks):
                for block in blocks:
                    if isinstance(block, ToolResultBlock):
                        yield self._result(block)
            case UserMessage():
                pass  # what we said ourselves
            case ResultMessage(total_cost_usd=dollars, num_turns=turns):
                if dollars is not None:
                    yield Charged(at="", dollars=dollars, turns=turns)
            case SystemMessage(subtype=kind, data=data) if kind not in _SILENT:
                yield Other(at="", kind=kind, data=_short(json.dumps(data), _LONG))
            case SystemMessage():
                pass
            case _:
                yield Other(at="", kind=type(message).__name__, data=_short(repr(message), _LONG))

    def _assistant(self, block: object) -> Iterator[Progress]:
        match block:
            case TextBlock(text=text):
                yield Said(at="", text=text)
            case ThinkingBlock(thinking=text):
                yield Said(at="", text=text, thought=True)
            case ToolUseBlock(id=name):
                self._used[name] = block
            case _:
                yield Other(at="", kind=type(block).__name__, data=_short(repr(block), _LONG))

    def _result(self, block: ToolResultBlock) -> Progress:
        used = self._used.pop(block.tool_use_id, None)
        return Used(
            at="",
            tool=used.name if used else "",
            target=target(used.input) if used else "",
            result=_short(_text(block.content)),
            failed=bool(block.is_error),
        )


def target(given: Mapping[str, Any]) -> str:
    """Return on what a tool is used, as far as one line says it."""
    return next((_short(str(given[name])) for name in _TARGETS if given.get(name)), "")


def _text(content: object) -> str:
    if isinstance(content, list):
        texts = (one.get("text", "") for one in content if isinstance(one, dict))
        return "\n".join(map(str, texts))
    return "" if content is None else str(content)


def _short(text: str, most: int = _SHORT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
