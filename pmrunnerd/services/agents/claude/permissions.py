"""What a tool may do that the rules do not allow by themselves: a person decides, between two runs.

Unlike a question it is never deferred: the call is refused, the run ends, and the session is told
of the decision when it is resumed.
"""

from collections.abc import Mapping, Sequence
from os.path import realpath
from typing import Any, Final

from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.services.agents import places
from pmrunnerd.services.agents.decisions import Decisions, ask, asked

# The CLI starts its commands in a sandbox, or not at all.
_CONFINED: Final = frozenset({"Bash"})
# What a command in there does that asks the CLI's proxy for a way out. It knows no ports, and no
# difference between the world and the doors of this machine.
_WAYS_OUT: Final = frozenset({"SandboxNetworkAccess"})
_WRITERS: Final = frozenset({"Edit", "Write", "NotebookEdit", "MultiEdit"})
_WALL: Final = "Only files of the workspace can be changed, and of those none below .git."
_INSIDE: Final = "Commands have no network. Nobody can allow it."
_LATER: Final = "A person is asked whether you may. You will be told."


class Permissions:
    """The decisions that are known. `last` is the run before this one: what it asked is news.

    `wanted` are those to ask a person for.
    """

    def __init__(self, known: Sequence[Answered], workspace: str, last: str) -> None:
        self._decisions = Decisions(known, last)
        self._workspace = workspace
        self.wanted: list[Asked] = []

    def decide(
        self, tool: str, given: Mapping[str, Any]
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Allow what a person allowed; refuse the rest, and remember to ask."""
        if tool in _WRITERS:
            named = str(given.get("file_path", ""))
            names = places.below(self._workspace, named)
            if names is None or ".git" in {names[0][0], names[1][0]}:
                return PermissionResultDeny(message=_WALL)
            if places.is_free(self._workspace, named):
                return PermissionResultAllow()
            given = {**given, "file_path": realpath(named)}
        if tool in _WAYS_OUT:
            return PermissionResultDeny(message=_INSIDE)
        question = ask(tool, given)
        if tool in _CONFINED or self._decisions.allow(tool, question):
            return PermissionResultAllow()
        self.wanted.append(asked(question))
        return PermissionResultDeny(message=_LATER, interrupt=True)

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return self._decisions.news()
