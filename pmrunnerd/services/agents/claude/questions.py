"""Questions of Claude Code: one that nobody has answered ends the run, and is asked again by it.

The CLI replays the very call when its session is resumed. It may do so before hooks are there, and
then asks for permission instead; so both ways give the same answers. Only questions are deferred:
on a resume the CLI may skip the hooks of any other tool.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from claude_agent_sdk import (
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
)
from msgspec import Struct

from pmrunnerd.model.progress import Answered

TOOL: Final = "AskUserQuestion"


class Asking(Struct, frozen=True):
    """One question, as a person is asked it."""

    text: str
    options: tuple[str, ...]


def read(given: Mapping[str, Any]) -> tuple[Asking, ...]:
    """Return the questions of one call."""
    asked = given.get("questions")
    return tuple(
        Asking(
            str(one.get("question", "")),
            tuple(str(option.get("label", "")) for option in one.get("options") or ()),
        )
        for one in (asked if isinstance(asked, list) else ())
        if isinstance(one, dict)
    )


class Questions:
    """Knows the answers. A call is answered once all of its questions are."""

    def __init__(self, known: Sequence[Answered]) -> None:
        self._known = {one.question: one.answer for one in known}

    def hooks(self) -> dict[str, list[HookMatcher]]:
        """Return the hook that answers or defers."""
        return {"PreToolUse": [HookMatcher(matcher=TOOL, hooks=[self._gate])]}

    def answers(self, given: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the answers of a call, or None where one is missing."""
        asked = read(given)
        if not asked or any(one.text not in self._known for one in asked):
            return None
        return {one.text: self._known[one.text] for one in asked}

    async def _gate(self, event: Any, _: str | None, __: Any) -> Any:
        given = event["tool_input"]
        decision: dict[str, Any] = {"hookEventName": "PreToolUse"}
        if (answers := self.answers(given)) is None:
            decision["permissionDecision"] = "defer"
        else:
            decision |= {
                "permissionDecision": "allow",
                "updatedInput": {**given, "answers": answers},
            }
        return {"hookSpecificOutput": decision}

    async def permit(
        self, tool: str, given: dict[str, Any], _: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Answer a question that came past the hook; refuse whatever else needs a permission."""
        if tool == TOOL and (answers := self.answers(given)) is not None:
            return PermissionResultAllow(updated_input={**given, "answers": answers})
        return PermissionResultDeny(message="nobody is here to permit that")
