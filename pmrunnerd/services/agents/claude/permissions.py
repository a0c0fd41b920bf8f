"""What a tool may do that the rules do not allow by themselves: a person decides, between two runs.

Unlike a question it is never deferred: the call is refused, the run ends, and the session is told
of the decision when it is resumed.
"""

from collections.abc import Mapping, Sequence
from os.path import realpath
from typing import Any, Final

from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.services.agents.claude.translate import target

# The CLI starts its commands in a sandbox, or not at all.
_CONFINED: Final = frozenset({"Bash"})
# What a command in there does that asks the CLI's proxy for a way out. It knows no ports, and no
# difference between the world and the doors of this machine.
_WAYS_OUT: Final = frozenset({"SandboxNetworkAccess"})
_WRITERS: Final = frozenset({"Edit", "Write", "NotebookEdit", "MultiEdit"})
# What a person's own Claude Code, or editor, would execute.
_ASKED: Final = frozenset({".git", ".claude", ".mcp.json", ".vscode", ".idea"})
_WALL: Final = "Only files of the workspace can be changed, and of those none below .git."
_INSIDE: Final = "Commands have no network. Nobody can allow it."
_LATER: Final = "A person is asked whether you may. You will be told."


class Permissions:
    """The decisions that are known. `last` is the run before this one: what it asked is news.

    `wanted` are those to ask a person for.
    """

    def __init__(self, known: Sequence[Answered], workspace: str, last: str) -> None:
        decided = [one for one in known if one.kind is Kind.PERMISSION]
        self._news = [one for one in decided if one.run == last]
        # What was allowed once was for the very next run.
        self._once = [one.question for one in self._news if one.answer == ALLOW_ONCE]
        self._tools = {_tool(one.question) for one in decided if one.answer == ALLOW_TASK}
        self._workspace = workspace
        self.wanted: list[Asked] = []

    def decide(
        self, tool: str, given: Mapping[str, Any]
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Allow what a person allowed; refuse the rest, and remember to ask."""
        if tool in _WRITERS:
            named = str(given.get("file_path", ""))
            # A link has two names: by one of them a person's program may find what is written.
            real = realpath(named)
            said, meant = self._below(named), self._below(real)
            if not (said and meant) or ".git" in {said[0], meant[0]}:
                return PermissionResultDeny(message=_WALL)
            if _ASKED.isdisjoint([*said, *meant]):
                return PermissionResultAllow()
            given = {**given, "file_path": real}
        if tool in _WAYS_OUT:
            return PermissionResultDeny(message=_INSIDE)
        question = ask(tool, given)
        if tool in self._tools or tool in _CONFINED:
            return PermissionResultAllow()
        if question in self._once:
            self._once.remove(question)
            return PermissionResultAllow()
        self.wanted.append(
            Asked(at="", text=question, options=OPTIONS[Kind.PERMISSION], kind=Kind.PERMISSION)
        )
        return PermissionResultDeny(message=_LATER, interrupt=True)

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))

    def _below(self, path: str) -> list[str]:
        """Return the names of a path below the workspace; none where it leads elsewhere."""
        if not path.startswith(f"{self._workspace}/"):
            return []
        names = path.removeprefix(f"{self._workspace}/").split("/")
        return [] if ".." in names else names


def ask(tool: str, given: Mapping[str, Any]) -> str:
    """Return the question whether a tool may be used so; the same use is the same question."""
    what = target(given)
    return f"May it use {tool}" + (f" on {what}?" if what else "?")


def _tool(question: str) -> str:
    return question.removeprefix("May it use ").partition(" on ")[0].removesuffix("?")


def _told(one: Answered) -> str:
    if one.answer in {ALLOW_ONCE, ALLOW_TASK}:
        return f"A person was asked: {one.question} It is allowed; do it again now."
    why = "" if one.answer == DENY else f" The reason: {one.answer}"
    return f"A person was asked: {one.question} It is not allowed.{why} Go on without it."
