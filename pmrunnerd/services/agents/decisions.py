"""What people decided on the uses of tools that nothing else allows. Pure but for what is used up.

Such a use is never held open: it is refused, the run ends, and the session is told of the decision
when it goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.services.agents.targets import target


class Decisions:
    """The decisions that are known. `last` is the run before this one: what it asked is news."""

    def __init__(self, known: Sequence[Answered], last: str) -> None:
        decided = [one for one in known if one.kind is Kind.PERMISSION]
        self._news = [one for one in decided if one.run == last]
        # What was allowed once was for the very next run.
        self._once = [one.question for one in self._news if one.answer == ALLOW_ONCE]
        self._tools = {_tool(one.question) for one in decided if one.answer == ALLOW_TASK}

    def allow(self, tool: str, question: str) -> bool:
        """Tell whether a person allowed what a question asks for; once is used up by it."""
        if tool in self._tools:
            return True
        if question in self._once:
            self._once.remove(question)
            return True
        return False

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))


def ask(tool: str, given: Mapping[str, Any]) -> str:
    """Return the question whether a tool may be used so; the same use is the same question."""
    return ask_on(tool, target(given))


def ask_on(tool: str, what: str) -> str:
    """Return the question whether a tool may be used on something; empty is nothing to name."""
    return f"May it use {tool}" + (f" on {what}?" if what else "?")


def asked(question: str) -> Asked:
    """Return what a person is asked."""
    return Asked(at="", text=question, options=OPTIONS[Kind.PERMISSION], kind=Kind.PERMISSION)


def _tool(question: str) -> str:
    return question.removeprefix("May it use ").partition(" on ")[0].removesuffix("?")


def _told(one: Answered) -> str:
    if one.answer in {ALLOW_ONCE, ALLOW_TASK}:
        return f"A person was asked: {one.question} It is allowed; do it again now."
    why = "" if one.answer == DENY else f" The reason: {one.answer}"
    return f"A person was asked: {one.question} It is not allowed.{why} Go on without it."
