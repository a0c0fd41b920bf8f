"""What people decided on the uses of tools that nothing else allows. Pure but for what is used up.

Such a use is never held open: it is refused, the run ends, and the session is told of the decision
when it goes on.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from pmrunnerd.model import brief
from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.model.spec import Answered

_SHOWN: Final = 400  # bytes of what it is used on that a question repeats
_ALLOWED: Final = frozenset({ALLOW_ONCE, ALLOW_TASK})


class Decisions:
    """The decisions that are known."""

    def __init__(self, known: Sequence[Answered]) -> None:
        self._known = [one for one in known if one.kind is Kind.PERMISSION]
        self._news = [one for one in self._known if one.news]
        # What was allowed once was for the very next run that knew.
        self._once = [one.question for one in self._news if one.answer == ALLOW_ONCE]
        self._scopes = {_scope(one.question) for one in self._known if one.answer == ALLOW_TASK}

    def allow(self, question: str) -> bool:
        """Tell whether a person allowed what a question asks for; once is used up by it."""
        if _scope(question) in self._scopes:
            return True
        if question in self._once:
            self._once.remove(question)
            return True
        return False

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))

    def all(self) -> str:
        """Tell a session that knows of nothing what was decided, but for what was used up since."""
        spent = [one for one in self._known if one.answer == ALLOW_ONCE and not one.news]
        return "\n".join(_told(one) for one in self._known if one not in spent)


def question(tool: str, what: str, scope: str = "") -> str:
    """Return the question whether a tool may be used on something; empty is nothing to name.

    The same use is the same question. Its last line says what is allowed by who allows it for the
    task, and is known by that: the tool, on all that is in the `scope`.
    """
    use = f"May it use {shown(tool)}" + (f" on {shown(what)}?" if what else "?")
    return f'{use}\n"{ALLOW_TASK}" is for any use of {shown(tool)}' + (
        f" on {scope}." if scope else "."
    )


def asked(text: str) -> Asked:
    """Return what a person is asked."""
    return Asked(at="", text=text, options=OPTIONS[Kind.PERMISSION], kind=Kind.PERMISSION)


def host(url: str) -> str:
    """Return the host of an address; all of it where it has none."""
    try:
        return shown(urlsplit(url).netloc.lower() or url)
    except ValueError:
        return shown(url)


def shown(what: str) -> str:
    """Return a text as one line, which no other text becomes."""
    line = "".join(c if c.isprintable() else "�" for c in what)
    short = brief.cut(line, _SHOWN)
    return what if short == what else f"{short} [{brief.digest(what)}]"


def _scope(text: str) -> str:
    return text.rpartition("\n")[2]


def _told(one: Answered) -> str:
    use = one.question.partition("\n")[0]
    if one.answer in _ALLOWED:
        return f"A person was asked: {use} It is allowed; do it again now."
    why = "" if one.answer == DENY else f" The reason: {one.answer.rstrip('. ')}."
    return f"A person was asked: {use} It is not allowed.{why} Go on without it."
