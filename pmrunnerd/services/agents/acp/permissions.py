"""What an agent may do that asks for it: by what is said already, or a person decides between two runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.services.agents import places
from pmrunnerd.services.agents.acp import calls
from pmrunnerd.services.agents.decisions import Decisions, ask_on, asked

# What the cell allows to everybody in it.
_HARMLESS: Final = frozenset({"read", "search", "think"})
_WRITERS: Final = frozenset({"edit", "delete", "move"})
# Once, for what holds for longer is ours to remember: the agent may write that down, for later runs.
_ALLOW: Final = ("allow_once", "allow_always")


class Permissions:
    """The decisions that are known. `last` is the run before this one: what it asked is news."""

    def __init__(self, known: Sequence[Answered], workspace: str, last: str) -> None:
        self._decisions = Decisions(known, last)
        self._workspace = workspace

    def decide(self, call: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> str | Asked:
        """Return which of the options is chosen, or what a person is asked.

        Where none of them would allow it, a person is asked all the same: who reads can deny.
        """
        question = ask_on(calls.tool(call), calls.subject(call))
        offered = {str(one.get("kind")): str(one.get("optionId")) for one in reversed(options)}
        chosen = next((offered[kind] for kind in _ALLOW if kind in offered), None)
        if chosen is not None and self._is_allowed(call, question):
            return chosen
        return asked(question)

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return self._decisions.news()

    def _is_allowed(self, call: Mapping[str, Any], question: str) -> bool:
        kind, paths = str(call.get("kind")), calls.paths(call)
        if kind in _HARMLESS:
            return True
        if kind in _WRITERS and paths:
            free = all(places.is_free(self._workspace, path) for path in paths)
            return free or self._decisions.allow(calls.tool(call), question)
        return self._decisions.allow(calls.tool(call), question)
