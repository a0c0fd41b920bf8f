"""What a tool may do that the rules do not allow by themselves: a person decides, between two runs.

Unlike a question it is never deferred: the call is refused, the run ends, and the session is told
of the decision when it is resumed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents import decisions, places
from pmrunnerd.services.agents.decisions import Decisions

# The CLI starts its commands in a sandbox, or not at all.
_CONFINED: Final = frozenset({"Bash"})
# What a command in there does that asks the CLI's proxy for a way out. It knows no ports, and no
# difference between the world and the doors of this machine.
_WAYS_OUT: Final = frozenset({"SandboxNetworkAccess"})
_READERS: Final = frozenset({"Read", "Grep", "Glob"})
# What of the machine can be read beside the workspace, as by any command.
_READABLE: Final = ("/usr/", "/etc/")
WRITERS: Final = frozenset({"Edit", "Write", "NotebookEdit", "MultiEdit"})
# Of its tools, those that a person may be asked about.
ASKED: Final = WRITERS | {"WebFetch"}
# What a writer is given to write, by whatever name.
_CONTENTS: Final = ("content", "new_string", "new_source")
_WALL: Final = "Only files of the workspace can be changed, and of those none below .git."
_UNREAD: Final = "Only the workspace, /usr and /etc can be read."
_INSIDE: Final = "Commands have no network. Nobody can allow it."
_LATER: Final = "A person is asked whether you may. You will be told."

Reply = PermissionResultAllow | PermissionResultDeny


class Permissions:
    """The decisions that are known; `wanted` are those to ask a person for."""

    def __init__(self, known: Sequence[Answered], workspace: str) -> None:
        self._decisions = Decisions(known)
        self._workspace = workspace
        self.wanted: list[Asked] = []

    def decide(self, tool: str, given: Mapping[str, Any]) -> Reply:
        """Allow what the rules allow, or a person did; refuse the rest, and remember to ask."""
        given = _placed(tool, given)
        ruled = self._ruled(tool, given)
        if ruled is not None:
            return ruled
        question = self.ask(tool, given)
        if self._decisions.allow(question):
            return PermissionResultAllow()
        if question.key not in {one.key for one in self.wanted}:
            self.wanted.append(question)
        return PermissionResultDeny(message=_LATER, interrupt=True)

    def ask(self, tool: str, given: Mapping[str, Any]) -> Asked:
        """Return the question whether a tool may be used so; the same use has the same key."""
        if tool == "WebFetch":
            url = str(given.get("url", ""))
            return decisions.asked(tool, url, [decisions.host(url)])
        if tool in WRITERS:
            named, real = str(given.get("file_path", "")), str(given["real"])
            what = named if named == real else f"{named}, which is {real}"
            tops = filter(None, map(self._top, (named, real)))
            written = (str(given[name]) for name in _CONTENTS if given.get(name))
            return decisions.asked(tool, what, list(tops), next(written, ""))
        return decisions.asked(tool, json.dumps(dict(given), sort_keys=True) if given else "")

    def key(self, tool: str, given: Mapping[str, Any]) -> str:
        """Return by what a decision on a use is known; empty where nobody is asked about such."""
        return self.ask(tool, _placed(tool, given)).key if tool in ASKED else ""

    def _top(self, path: str) -> str:
        return places.top(self._workspace, path)

    def _ruled(self, tool: str, given: Mapping[str, Any]) -> Reply | None:
        if tool in WRITERS:
            return self._written(str(given.get("file_path", "")), str(given["real"]))
        if tool in _READERS:
            return self._read(str(given.get("file_path") or given.get("path") or ""))
        if tool in _WAYS_OUT:
            return PermissionResultDeny(message=_INSIDE)
        return PermissionResultAllow() if tool in _CONFINED else None

    def _written(self, named: str, real: str) -> Reply | None:
        said, meant = (places.below(self._workspace, path) for path in (named, real))
        if not (said and meant) or ".git" in {said[0].lower(), meant[0].lower()}:
            return PermissionResultDeny(message=_WALL)
        return None if places.is_asked([*said, *meant]) else PermissionResultAllow()

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return self._decisions.news()

    def _read(self, named: str) -> Reply:
        # The CLI itself allows what is in the workspace. Not /proc: there it would find its own files.
        real = places.real(named) if named.startswith("/") else ""
        if real.startswith(_READABLE) or places.below(self._workspace, real):
            return PermissionResultAllow()
        return PermissionResultDeny(message=_UNREAD)


def _placed(tool: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a writer was given with the real name of its file.

    A link has two names: by one of them a person's program may find what is written.
    """
    if tool not in WRITERS:
        return given
    return {**given, "real": places.real(str(given.get("file_path", "")))}
