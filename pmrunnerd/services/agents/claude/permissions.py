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
_READERS: Final = frozenset({"Read", "Grep", "Glob"})
# What of the machine can be read beside the workspace, as by any command.
_READABLE: Final = ("/usr/", "/etc/")
_WRITERS: Final = frozenset({"Edit", "Write", "NotebookEdit", "MultiEdit"})
# What a person's own Claude Code, or editor, would execute.
_ASKED: Final = frozenset({".git", ".claude", ".mcp.json", ".vscode", ".idea"})
_WALL: Final = "Only files of the workspace can be changed, and of those none below .git."
_UNREAD: Final = "Only the workspace, /usr and /etc can be read."
_INSIDE: Final = "Commands have no network. Nobody can allow it."
_LATER: Final = "A person is asked whether you may. You will be told."


Result = PermissionResultAllow | PermissionResultDeny


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

    def decide(self, tool: str, given: Mapping[str, Any]) -> Result:
        """Allow what the rules allow, or a person did; refuse the rest, and remember to ask."""
        if tool in _WRITERS:
            # A link has two names: by one of them a person's program may find what is written.
            given = {**given, "real": realpath(str(given.get("file_path", "")))}
        ruled = self._ruled(tool, given)
        if ruled is not None:
            return ruled
        question = ask(tool, {**given, **({"file_path": given["real"]} if "real" in given else {})})
        if tool in self._tools:
            return PermissionResultAllow()
        if question in self._once:
            self._once.remove(question)
            return PermissionResultAllow()
        self.wanted.append(
            Asked(at="", text=question, options=OPTIONS[Kind.PERMISSION], kind=Kind.PERMISSION)
        )
        return PermissionResultDeny(message=_LATER, interrupt=True)

    def _ruled(self, tool: str, given: Mapping[str, Any]) -> Result | None:
        if tool in _WRITERS:
            return self._written(str(given.get("file_path", "")), str(given["real"]))
        if tool in _READERS:
            return self._read(str(given.get("file_path") or given.get("path") or ""))
        if tool in _WAYS_OUT:
            return PermissionResultDeny(message=_INSIDE)
        return PermissionResultAllow() if tool in _CONFINED else None

    def _written(self, named: str, real: str) -> Result | None:
        said, meant = self._below(named), self._below(real)
        if not (said and meant) or ".git" in {said[0], meant[0]}:
            return PermissionResultDeny(message=_WALL)
        return PermissionResultAllow() if _ASKED.isdisjoint([*said, *meant]) else None

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))

    def _read(self, named: str) -> Result:
        # The CLI itself allows what is in the workspace. Not /proc: there it would find its own files.
        real = realpath(named) if named.startswith("/") else ""
        if real.startswith(_READABLE) or self._below(real):
            return PermissionResultAllow()
        return PermissionResultDeny(message=_UNREAD)

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
    why = "" if one.answer == DENY else f" The reason: {one.answer.rstrip('. ')}."
    return f"A person was asked: {one.question} It is not allowed.{why} Go on without it."
