"""What the runner itself asks a person about a task, and what may be answered.

Such a question is of a kind; its options are its only answers, and each of them says what follows.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

BEGIN_ANEW: Final = "begin anew"
CANCEL: Final = "cancel the task"
ALLOW_ONCE: Final = "allow once"
ALLOW_TASK: Final = "allow for this task"
DENY: Final = "deny"
ACCEPT: Final = "accept it as it is"
RAISE: Final = "raise the limit"
AGAIN: Final = "again"
GIVE_UP: Final = "give up"


class Kind(StrEnum):
    """Whose question it is, and why.

    The agent's own, or the runner's: HEAD was moved by somebody, a tool needs a permission, what was
    found in the work is still there, a limit of the work is reached, or what a plan of a runner-dev
    project came to does not hold.
    """

    AGENT = "agent"
    HEAD = "head"
    PERMISSION = "permission"
    FINDINGS = "findings"
    BUDGET = "budget"
    CHECK = "check"


# What is suggested. Of the `CLOSED` nothing else may be answered; to the others any text can be
# said: a reason to deny, or what the agent is to do about the findings.
OPTIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.HEAD: (BEGIN_ANEW, CANCEL),
    Kind.PERMISSION: (ALLOW_ONCE, ALLOW_TASK, DENY),
    Kind.FINDINGS: (ACCEPT, CANCEL),
    Kind.BUDGET: (RAISE, CANCEL),
    Kind.CHECK: (AGAIN, GIVE_UP),
}
CLOSED: Final = frozenset({Kind.HEAD, Kind.BUDGET, Kind.CHECK})
# By these, the task is cancelled.
OVER: Final = frozenset({CANCEL, GIVE_UP})
# What any other text does, for people to read before they give one.
OTHERWISE: Final[Mapping[Kind, str]] = {
    Kind.PERMISSION: "denies it, with that reason",
    Kind.FINDINGS: "is told to the agent, which goes on",
}
# What any other text would do, said to whoever seems to mean one of the options.
INSTEAD: Final[Mapping[Kind, str]] = {
    Kind.PERMISSION: "that would deny it, with this as the reason",
    Kind.FINDINGS: "that would be told to the agent, which goes on",
}
# Who begins with one of these means to allow, and would deny by it.
_YES: Final = frozenset({"y", "yes", "yep", "yeah", "ok", "okay", "sure", "allow", "allowed"})
_DECIDED: Final[Mapping[str, str]] = {
    ALLOW_ONCE: "allowed once",
    ALLOW_TASK: "allowed for this task",
    DENY: "denied",
    ACCEPT: "accepted as it is",
    RAISE: "the limit is raised",
    CANCEL: "the task is cancelled",
    AGAIN: "it is looked at again",
    GIVE_UP: "given up, and the task is cancelled",
    BEGIN_ANEW: "the task begins anew",
}


def chosen(kind: Kind, text: str) -> str:
    """Return the option that a text names, in whatever case; or else the text as it is."""
    said = text.strip().casefold()
    return next((one for one in OPTIONS.get(kind, ()) if one.casefold() == said), text)


def meant(kind: Kind, text: str) -> str:
    """Return the option that a text which is none seems to mean, and would not do; empty otherwise.

    That is a yes where any text says no, and the first words of an option where any text goes on.
    """
    if kind in CLOSED or text in OPTIONS.get(kind, ()):
        return ""
    words = re.findall(r"\w+", text.casefold())
    if kind is Kind.PERMISSION:
        return ALLOW_ONCE if words and words[0] in _YES else ""
    return next(
        (one for one in OPTIONS.get(kind, ()) if words and one.split()[: len(words)] == words), ""
    )


def decided(kind: Kind, text: str) -> str:
    """Say what an answer to the runner decides; empty for a question of the agent's own."""
    if text in OPTIONS.get(kind, ()):
        return _DECIDED[text]
    said = {
        Kind.PERMISSION: f"denied, with this reason: {text}",
        Kind.FINDINGS: f"the agent goes on, and is told: {text}",
    }
    return said.get(kind, "")
