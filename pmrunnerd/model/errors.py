"""What can go wrong, in words that an operator can act on."""

import errno
from enum import StrEnum
from pathlib import PurePath
from typing import ClassVar, Final

_SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE})
_BROKEN: Final = frozenset({errno.EIO})
_MISSING: Final = frozenset({errno.ENOENT})
_CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})


class Code(StrEnum):
    """Stable across releases: clients and scripts branch on these, never on text."""

    BAD_REQUEST = "bad-request"
    NOT_FOUND = "not-found"
    ILLEGAL = "illegal"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class PmError(Exception):
    """Base of every error that may reach an operator: `cannot X: why`, and what to do."""

    code: ClassVar[Code] = Code.INTERNAL
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class BadRequest(PmError):
    """The request cannot be understood, or asks for what cannot exist."""

    code = Code.BAD_REQUEST


class NotFound(PmError):
    """The thing that was named is not there."""

    code = Code.NOT_FOUND


class IllegalTransition(PmError):
    """The thing is in a state from which this cannot happen."""

    code = Code.ILLEGAL


class Refused(PmError):
    """A rule says no. Nothing happened."""

    code = Code.REFUSED


class Forbidden(PmError):
    """The caller may not ask this."""

    code = Code.FORBIDDEN


class Conflict(PmError):
    """It contradicts what was said before, such as a second and different answer."""

    code = Code.CONFLICT


class TooLarge(PmError):
    """More bytes than the limit that the message names."""

    code = Code.TOO_LARGE


class Unavailable(PmError):
    """Not now: the disk is full, or the daemon is stopping. The same request may work later."""

    code = Code.UNAVAILABLE
    retryable = True


def code_of(error: OSError) -> Code:
    """Tell what it means that something could not be read or written."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Code.NOT_FOUND
    return Code.FORBIDDEN if isinstance(error, PermissionError) else Code.UNAVAILABLE


def in_words(error: OSError) -> str:
    """Say what could not be done, and with which file: `is a directory: /srv/x`."""
    why = (error.strerror or str(error) or "it took too long").lower()
    return f"{why}: {error.filename}" if error.filename else why


def disk_hint(error: OSError, directory: PurePath) -> str:
    """Say what helps where nothing could be written to a directory."""
    if error.errno in _MISSING:
        return f"mkdir -p {directory}"
    if error.errno in _SCARCE:
        return "ulimit -n   or LimitNOFILE= of the unit; then try again"
    if error.errno in _BROKEN:
        return "dmesg | tail   says what the disk reported"
    return f"ls -ld {directory}" if error.errno in _CLOSED else f"df -h {directory}"
