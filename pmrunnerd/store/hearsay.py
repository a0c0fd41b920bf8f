"""What a line once said, as far as it can still be read: for people, and for counting on."""

import re
from typing import Final

from pmrunnerd.model.state import State

_FACT: Final = re.compile(rb'"fact":"([a-z-]{1,40})"')
_PROJECT: Final = re.compile(rb'"project":"(p[0-9]{1,9})"')
_NAMED: Final = re.compile(
    rb'"(?:project|message|plan|task|run|question)":"([a-z][0-9]{1,9}(?:-[0-9a-z]{1,16})?)"'
)


def hearsay(raw: bytes, state: State) -> tuple[str, ...]:
    """Return the kinds of facts in a line, with the projects that they were about."""
    facts = _distinct(_FACT, raw)
    projects = [
        state.projects[name].alias if name in state.projects else name
        for name in _distinct(_PROJECT, raw)
    ]
    about = f" in {', '.join(projects)}" if projects else ""
    return tuple(fact.replace("-", " ") + about for fact in facts)


def kinds(raw: bytes) -> tuple[str, ...]:
    """Return the kinds of facts in a line."""
    return tuple(_distinct(_FACT, raw))


def identifiers(raw: bytes) -> tuple[str, ...]:
    """Return the identifiers in a line."""
    return tuple(_distinct(_NAMED, raw))


def _distinct(pattern: re.Pattern[bytes], raw: bytes) -> list[str]:
    return list(dict.fromkeys(found.decode() for found in pattern.findall(raw)))
