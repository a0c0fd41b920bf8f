"""Questions of Claude Code: one that nobody has answered ends the run, and is asked again by it.

The CLI replays the very call when its session is resumed. It may do so before hooks are there, and
then asks for permission instead; so both ways give the same answers. Only questions are deferred:
on a resume the CLI may skip the hooks of any other tool.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from claude_agent_sdk import (
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
    ToolUseBlock,
)

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude import asked
from pmrunnerd.services.agents.claude.asked import TOOL
from pmrunnerd.services.agents.claude.nearby import is_near
from pmrunnerd.services.agents.claude.permissions import ASKED, Permissions, Reply

# Seconds in which the CLI asks for all that one turn wants: what it has not asked for when the turn is
# stopped, a person is asked about one run later.
_TOGETHER: Final = 0.5
_NOBODY: Final = "A person is asked. The answer comes later."
_NEAR: Final = "Only public addresses can be fetched, plainly written. Nobody can allow others."


class Questions:
    """Knows the answers. A call is answered once all of its questions are.

    An answer belongs to the call that it was asked by: what is asked anew in the same words is
    another question. `unanswered` are calls that were made past the hook, `refused` those of other
    tools that a person is asked about.
    """

    def __init__(self, known: Sequence[Answered], permissions: Permissions) -> None:
        # By the call first. One without a key was asked by another agent, or before there were keys.
        self._known: dict[str, dict[str, str]] = {}
        for one in known:
            if one.kind is Kind.AGENT and one.key:
                self._known.setdefault(one.key, {})[one.question] = one.answer
        self._permissions = permissions
        self.unanswered: list[Asked] = []
        self.refused: set[str] = set()
        self._seen: set[str] = set()

    @property
    def wanted(self) -> list[Asked]:
        """Return the permissions to ask a person for."""
        return self._permissions.wanted

    def hooks(self) -> dict[str, list[HookMatcher]]:
        """Return the hook that answers or defers."""
        return {"PreToolUse": [HookMatcher(matcher=TOOL, hooks=[self._gate])]}

    async def look_at(self, beside: Iterable[ToolUseBlock]) -> None:
        """Have a person asked also about what the model called beside what ended its turn."""
        for use in beside:
            if use.name in ASKED and use.id not in self._seen:
                await self.permit(use.name, use.input, ToolPermissionContext(tool_use_id=use.id))

    def knows(self, questions: Iterable[Asked]) -> bool:
        """Tell whether all of some questions have an answer."""
        return all(one.text in self._known.get(one.key, {}) for one in questions)

    def _answers(self, call: str | None, given: Mapping[str, Any]) -> dict[str, str] | None:
        return asked.answers(given, self._known.get(call or "", {}))

    async def _gate(self, event: Any, call: str | None, _: Any) -> Any:
        given = event["tool_input"]
        decision: dict[str, Any] = {"hookEventName": "PreToolUse"}
        if (answers := self._answers(call, given)) is None:
            decision["permissionDecision"] = "defer"
        else:
            decision |= {
                "permissionDecision": "allow",
                "updatedInput": {**given, "answers": answers},
            }
        return {"hookSpecificOutput": decision}

    async def permit(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> Reply:
        """Answer a question that came past the hook; let a person decide on other tools."""
        self._seen.add(context.tool_use_id or "")
        if tool == "WebFetch" and await is_near(str(given.get("url", ""))):
            return PermissionResultDeny(message=_NEAR)
        if tool != TOOL:
            decision = self._permissions.decide(tool, given)
            if isinstance(decision, PermissionResultDeny) and decision.interrupt:
                self.refused.add(context.tool_use_id or "")
                await asyncio.sleep(_TOGETHER)
            return decision
        if (answers := self._answers(context.tool_use_id, given)) is not None:
            return PermissionResultAllow(updated_input={**given, "answers": answers})
        self.unanswered += asked.read(given, context.tool_use_id or "")
        return PermissionResultDeny(message=_NOBODY, interrupt=True)
