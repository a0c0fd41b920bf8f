"""What a tool may do that the rules do not allow by themselves: a person decides, between two runs.

Unlike a question it is never deferred: the call is refused, the run ends, and the session is told
of the decision when it is resumed.
"""

import json
from collections.abc import Mapping, Sequence
from os.path import realpath
from typing import Any, Final
from urllib.parse import urlsplit

from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model import brief
from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind

# The CLI starts its commands in a sandbox, or not at all.
_CONFINED: Final = frozenset({"Bash"})
# What a command in there does that asks the CLI's proxy for a way out. It knows no ports, and no
# difference between the world and the doors of this machine.
_WAYS_OUT: Final = frozenset({"SandboxNetworkAccess"})
_READERS: Final = frozenset({"Read", "Grep", "Glob"})
# What of the machine can be read beside the workspace, as by any command.
_READABLE: Final = ("/usr/", "/etc/")
_WRITERS: Final = frozenset({"Edit", "Write", "NotebookEdit", "MultiEdit"})
# What a person's own Claude Code, editor or shell would execute; on some disks in any case of letters.
_ASKED: Final = frozenset(
    {
        *(".git", ".husky", ".envrc", ".direnv", ".pre-commit-config.yaml"),
        *(".claude", ".mcp.json", ".cursor", ".windsurf", ".codex", ".gemini"),
        *(".vscode", ".idea", ".zed", ".devcontainer", ".devcontainer.json"),
    }
)
_SHOWN: Final = 400  # bytes of what it is used on that a question repeats
_WALL: Final = "Only files of the workspace can be changed, and of those none below .git."
_UNREAD: Final = "Only the workspace, /usr and /etc can be read."
_INSIDE: Final = "Commands have no network. Nobody can allow it."
_LATER: Final = "A person is asked whether you may. You will be told."


Result = PermissionResultAllow | PermissionResultDeny


class Permissions:
    """The decisions that are known; `wanted` are those to ask a person for."""

    def __init__(self, known: Sequence[Answered], workspace: str) -> None:
        decided = [one for one in known if one.kind is Kind.PERMISSION]
        self._news = [one for one in decided if one.news]
        # What was allowed once was for the very next run that knew.
        self._once = [one.question for one in self._news if one.answer == ALLOW_ONCE]
        self._allowed = {_scope(one.question) for one in decided if one.answer == ALLOW_TASK}
        self._workspace = workspace
        self.wanted: list[Asked] = []

    def decide(self, tool: str, given: Mapping[str, Any]) -> Result:
        """Allow what the rules allow, or a person did; refuse the rest, and remember to ask."""
        if tool in _WRITERS:
            # A link has two names: by one of them a person's program may find what is written.
            given = {**given, "real": _real(str(given.get("file_path", "")))}
        ruled = self._ruled(tool, given)
        if ruled is not None:
            return ruled
        question = self.ask(tool, given)
        if _scope(question) in self._allowed:
            return PermissionResultAllow()
        if question in self._once:
            self._once.remove(question)
            return PermissionResultAllow()
        self.wanted.append(
            Asked(at="", text=question, options=OPTIONS[Kind.PERMISSION], kind=Kind.PERMISSION)
        )
        return PermissionResultDeny(message=_LATER, interrupt=True)

    def ask(self, tool: str, given: Mapping[str, Any]) -> str:
        """Return the question whether a tool may be used so; the same use is the same question.

        Its last line says what is allowed by who allows it for the task, and is known by that.
        """
        what, scope = json.dumps(dict(given), sort_keys=True) if given else "", ""
        if tool == "WebFetch":
            what = str(given.get("url", ""))
            scope = _host(what)
        elif tool in _WRITERS:
            named, real = str(given.get("file_path", "")), str(given["real"])
            what = named if named == real else f"{named}, which is {real}"
            tops = dict.fromkeys(filter(None, map(self._top, (named, real))))
            scope = " and ".join(tops)
        question = f"May it use {tool}" + (f" on {_shown(what)}?" if what else "?")
        return f'{question}\n"{ALLOW_TASK}" is for {_any(tool, scope)}.'

    def _top(self, path: str) -> str:
        """Return a path as far as what is asked for in it."""
        names = self._below(path)
        at = next((n for n, name in enumerate(names) if name.lower() in _ASKED), None)
        return _shown("/".join(names[: at + 1])) if at is not None else ""

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
        if not (said and meant) or ".git" in {said[0].lower(), meant[0].lower()}:
            return PermissionResultDeny(message=_WALL)
        names = (name.lower() for name in (*said, *meant))
        return PermissionResultAllow() if _ASKED.isdisjoint(names) else None

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))

    def _read(self, named: str) -> Result:
        # The CLI itself allows what is in the workspace. Not /proc: there it would find its own files.
        real = _real(named) if named.startswith("/") else ""
        if real.startswith(_READABLE) or self._below(real):
            return PermissionResultAllow()
        return PermissionResultDeny(message=_UNREAD)

    def _below(self, path: str) -> list[str]:
        """Return the names of a path below the workspace; none where it leads elsewhere."""
        if not path.startswith(f"{self._workspace}/"):
            return []
        names = path.removeprefix(f"{self._workspace}/").split("/")
        return [] if ".." in names else names


def _any(tool: str, scope: str) -> str:
    return f"any use of {tool}" + (f" on {scope}" if scope else "")


def _scope(question: str) -> str:
    return question.rpartition("\n")[2]


def _host(url: str) -> str:
    try:
        return _shown(urlsplit(url).netloc.lower() or url)
    except ValueError:
        return _shown(url)


def _shown(what: str) -> str:
    """Return a text as one line, which no other text becomes."""
    line = "".join(c if c.isprintable() else "�" for c in what)
    short = brief.cut(line, _SHOWN)
    return what if short == what else f"{short} [{brief.digest(what)}]"


def _real(path: str) -> str:
    return "" if "\0" in path else realpath(path)


def _told(one: Answered) -> str:
    question = one.question.partition("\n")[0]
    if one.answer in {ALLOW_ONCE, ALLOW_TASK}:
        return f"A person was asked: {question} It is allowed; do it again now."
    why = "" if one.answer == DENY else f" The reason: {one.answer.rstrip('. ')}."
    return f"A person was asked: {question} It is not allowed.{why} Go on without it."
