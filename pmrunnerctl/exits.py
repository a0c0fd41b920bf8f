"""How `pmrunnerctl` ends: one table of exit statuses, and the error that carries one."""

from enum import IntEnum
from typing import Any, Final

from pmrunnerd.model.errors import Code


class Exit(IntEnum):
    """Scripts branch on these. 10 to 40 are of promotions, 128 and above of signals."""

    OK = 0
    BUG = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    UNREACHABLE = 5
    FORBIDDEN = 6
    UNAVAILABLE = 7
    ENDED_BADLY = 8
    NEEDS_YOU = 9
    NOT_PROMOTED = 10
    RETURNED = 20
    NOT_RETURNED = 30
    BUSY = 40
    UNPROVED = 41
    UNWRITTEN = 74
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: Final = {
    Exit.OK: "done, or it was so already",
    Exit.BUG: "a bug in pmrunnerctl or pmrunnerd",
    Exit.USAGE: "the command line or the request makes no sense",
    Exit.NOT_FOUND: "what was named is not there, or not any more",
    Exit.REFUSED: "a rule says no; nothing happened",
    Exit.UNREACHABLE: "no pmrunnerd that this pmrunnerctl can talk to",
    Exit.FORBIDDEN: "you may not ask this",
    Exit.UNAVAILABLE: "not now; the same command may work later",
    Exit.ENDED_BADLY: "what was waited for ended badly",
    Exit.NEEDS_YOU: "what was waited for waits for a person",
    Exit.NOT_PROMOTED: "a release is not moved: something is missing, or root says no; what runs was not stopped",
    Exit.RETURNED: "the release came back; the one before runs, and is healthy",
    Exit.NOT_RETURNED: "the release failed, and so did the way back",
    Exit.BUSY: "another promotion is under way",
    Exit.UNPROVED: "nothing speaks against it, and nobody signed for it",
    Exit.UNWRITTEN: "what was printed could not be written; what was asked was done",
    Exit.INTERRUPTED: "stopped by Ctrl-C; the work goes on",
    Exit.BROKEN_PIPE: "whoever read the output has gone",
}

BY_CODE: Final = {
    Code.BAD_REQUEST: Exit.USAGE,
    Code.TOO_LARGE: Exit.USAGE,
    Code.NOT_FOUND: Exit.NOT_FOUND,
    Code.ILLEGAL: Exit.REFUSED,
    Code.REFUSED: Exit.REFUSED,
    Code.CONFLICT: Exit.REFUSED,
    Code.FORBIDDEN: Exit.FORBIDDEN,
    Code.UNAVAILABLE: Exit.UNAVAILABLE,
    Code.INTERNAL: Exit.BUG,
}


class Cannot(Exception):
    """`cannot X: why`, what to do, and how the command ends.

    `code` is a `Code` of the daemon, or `usage`, `unreachable` or `bug` where it never got there.
    """

    def __init__(
        self,
        message: str,
        *,
        exits: Exit,
        code: str,
        hint: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.exits = exits
        self.code = code
        self.hint = hint
        self.retryable = retryable

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` prints on standard error."""
        return {
            "code": self.code,
            "message": str(self),
            "hint": self.hint,
            "retryable": self.retryable,
            "exit": int(self.exits),
        }


class Silent(Cannot):
    """Somebody listens where a daemon should be, and does not answer: it hangs, or is stopped."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, exits=Exit.UNREACHABLE, code="unreachable", hint=hint)


class Stranger(Cannot):
    """Who answers is not the environment that was meant: nothing of theirs is looked at."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, exits=Exit.UNREACHABLE, code="unreachable", hint=hint)


def misused(message: str, *, hint: str = "") -> Cannot:
    """Return the error of a command line that makes no sense."""
    return Cannot(message, exits=Exit.USAGE, code="usage", hint=hint)


def unreachable(message: str, *, hint: str = "", retryable: bool = False) -> Cannot:
    """Return the error of a daemon that is not there, or that speaks another language."""
    return Cannot(
        message, exits=Exit.UNREACHABLE, code="unreachable", hint=hint, retryable=retryable
    )
