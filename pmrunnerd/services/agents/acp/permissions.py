"""What an agent may do that asks for it: by what is said already, or a person decides between two runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents import decisions, places
from pmrunnerd.services.agents.acp import calls
from pmrunnerd.services.agents.decisions import Decisions

# What the cell allows to everybody in it.
_HARMLESS: Final = frozenset({"read", "search", "think"})
_WRITERS: Final = frozenset({"edit", "delete", "move"})
# What holds for longer is ours to remember: the agent may write that down, for later runs, and ask
# about it no more.
_ALLOW: Final = "allow_once"


class Permissions:
    """The decisions that are known."""

    def __init__(self, known: Sequence[Answered], workspace: str) -> None:
        self._decisions = Decisions(known)
        self._workspace = workspace

    def decide(self, call: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> str | Asked:
        """Return which of the options is chosen, or what a person is asked.

        Where none of them would allow it once, a person is asked all the same: who reads can deny.
        """
        question = self.ask(call)
        once = (str(one.get("optionId")) for one in options if one.get("kind") == _ALLOW)
        chosen = next(once, None)
        if chosen is not None and (self._is_free(call) or self._decisions.allow(question)):
            return chosen
        return question

    def ask(self, call: Mapping[str, Any]) -> Asked:
        """Return the question whether a tool may be used so; the same use has the same key."""
        tool, what, kind = calls.tool(call), calls.whole(call), call.get("kind")
        if kind in _WRITERS and (paths := calls.paths(call)):
            tops = [top for path in paths for top in self._tops(path)]
            writes = calls.written(call) if kind == "edit" else None
            return decisions.asked(tool, ", ".join(map(_named, paths)), tops, writes)
        if kind == "fetch" and (url := calls.address(call)):
            return decisions.asked(tool, what, [decisions.host(url)])
        return decisions.asked(tool, what)

    def news(self, *, anew: bool = False) -> str:
        """Tell the session what was decided since it asked; one that is `anew` knows of nothing."""
        return self._decisions.all() if anew else self._decisions.news()

    def _is_free(self, call: Mapping[str, Any]) -> bool:
        kind, paths = str(call.get("kind")), calls.paths(call)
        if kind in _WRITERS and paths:
            return all(places.is_free(self._workspace, path) for path in paths)
        return kind in _HARMLESS

    def _tops(self, path: str) -> list[str]:
        """Return a path as far as what is asked for in it, by each of its names."""
        names = (path, places.real(path))
        return [*filter(None, (places.top(self._workspace, name) for name in names))] or [path]


def _named(path: str) -> str:
    real = places.real(path)
    return path if path == real else f"{path}, which is {real}"
