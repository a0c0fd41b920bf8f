"""What people decided on the uses of tools that nothing else allows. Pure but for what is used up.

Such a use is never held open: it is refused, the run ends, and the session is told of the decision
when it goes on.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from pmrunnerd.model import brief
from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from pmrunnerd.model.spec import Answered

_SHOWN: Final = 400  # bytes of what it is used on that a question repeats
_LINES: Final = 12  # of what it would write
_LINE: Final = 160  # bytes of each of them
_ALLOWED: Final = frozenset({ALLOW_ONCE, ALLOW_TASK})


class Decisions:
    """The decisions that are known, by what they were asked about (`asked`)."""

    def __init__(self, known: Sequence[Answered]) -> None:
        self._known = [one for one in known if one.kind is Kind.PERMISSION]
        self._news = [one for one in self._known if one.news]
        # What was allowed once was for the very next run that knew.
        self._once = [one.key for one in self._news if one.answer == ALLOW_ONCE and one.key]
        allowed = (one for one in self._known if one.answer == ALLOW_TASK)
        self._scopes = {one.about for one in allowed if one.about}

    def allow(self, use: Asked) -> bool:
        """Tell whether a person allowed what is asked for; once is used up by it."""
        if use.about in self._scopes:
            return True
        if use.key in self._once:
            self._once.remove(use.key)
            return True
        return False

    def news(self) -> str:
        """Tell the session what was decided since it asked; empty where that is nothing."""
        return "\n".join(map(_told, self._news))

    def all(self) -> str:
        """Tell a session that knows of nothing what was decided, but for what was used up since."""
        spent = [one for one in self._known if one.answer == ALLOW_ONCE and not one.news]
        return "\n".join(_told(one) for one in self._known if one not in spent)


def asked(
    tool: str, what: str = "", scopes: Sequence[str] = (), writes: str | None = None
) -> Asked:
    """Return the question whether a tool may be used on something; empty is nothing to name.

    `scopes` are all that whoever allows it for the task allows it on; none are everything. `writes`
    is what the use would write, None where it is none that writes: a person sees how it begins, and
    it may be something else by the time that it is written.
    """
    name, on = shown(tool), shown(what)
    scopes = tuple(dict.fromkeys(map(shown, scopes)))
    just = " on just that" if what else ""
    on_all = f" on {' and '.join(scopes)}" if scopes else ""
    lines = [
        f"May it use {name} on {on}?" if what else f"May it use {name}?",
        *(_beginning(writes) if writes is not None else ()),
        f'"{ALLOW_ONCE}" is for the next use of {name}{just}'
        + (", whatever it writes then." if writes is not None else "."),
        f'"{ALLOW_TASK}" is for any use of {name}{on_all}.',
    ]
    return Asked(
        at="",
        text="\n".join(lines),
        options=OPTIONS[Kind.PERMISSION],
        kind=Kind.PERMISSION,
        about="\n".join((name, *scopes)),
        key=f"{name}\n{on}",
    )


def host(url: str) -> str:
    """Return the host of an address; all of it where it has none."""
    try:
        return shown(urlsplit(url).netloc.lower() or url)
    except ValueError:
        return shown(url)


def shown(what: str) -> str:
    """Return a text as one line, which no other text becomes."""
    short = brief.cut(_plain(what), _SHOWN)
    return what if short == what else f"{short} [{brief.digest(what)}]"


def _beginning(text: str) -> Iterator[str]:
    """Yield how a text begins, in lines that are nobody's but the text's."""
    lines = text.splitlines()
    yield "It would write:" if lines else "It would write nothing, or does not say what."
    for line in lines[:_LINES]:
        yield f"  | {brief.cut(_plain(line), _LINE)}"
    if len(lines) > _LINES:
        yield f"  … and {len(lines) - _LINES} more lines"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def _told(one: Answered) -> str:
    use = one.question.partition("\n")[0]
    if one.answer in _ALLOWED:
        return f"A person was asked: {use} It is allowed; do it again now."
    why = "" if one.answer == DENY else f" The reason: {one.answer.rstrip('. ')}."
    return f"A person was asked: {use} It is not allowed.{why} Go on without it."
