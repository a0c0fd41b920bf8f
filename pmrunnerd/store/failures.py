"""What the store says when it cannot go on. Both end the daemon; neither loses what was said."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError, Refused, Unavailable, disk_hint
from pmrunnerd.store.durable import BROKEN, PASSING

LOOK: Final = "pmrunnerctl state verify   then: state repair, or state restore ARCHIVE"


class JournalDamaged(PmError):
    """What was made durable is not what is there now. Nothing was changed; a person looks."""

    def __init__(self, message: str, *, hint: str | None = LOOK) -> None:
        super().__init__(message, hint=hint)


class TooNew(Refused):
    """A newer release wrote this state, in a format that this one does not know. Nothing changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="use the release that wrote it, or a newer one")

    @classmethod
    def line(cls, path: Path, line: int, level: int, newest: int) -> "TooNew":
        """Say which line of a journal it is."""
        return cls(
            f"cannot read {path}: line {line} is of level {level}, and this release reads levels up to"
            f" {newest}"
        )


class HistoryDamaged(PmError):
    """The index behind the journal is not as it was written. It is a cache: a start makes it anew."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="pmrunnerctl restart   makes it anew from the journal")


class BadArchive(Refused):
    """An archive is not, whole and byte for byte, what a backup makes. Nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"cannot use the archive: {why}", hint="pmrunnerctl state backup pm-runner.tar.gz"
        )


class StoreFailed(Unavailable):
    """The disk broke its word, so what was under way may or may not be durable.

    The daemon starts again from what the disk says then; the same request may be sent again.
    """


def trouble(error: Exception) -> str:
    """Say what an error is about and what it is, without the numbers that Python shows."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def opening_hint(error: OSError, path: Path) -> str:
    """Say what helps where a part of a state could not be opened."""
    if isinstance(error, PermissionError):
        return f"ls -ld {path.parent} {path}"  # either may be closed
    return disk_hint(error, path.parent)


@contextlib.contextmanager
def unreadable(damaged: Callable[[str], Exception]) -> Iterator[None]:
    """Say of what the disk does not give any more that it is damaged; what passes stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno in PASSING:
            raise
        raise damaged(f"cannot read {trouble(error)}") from error


@contextlib.contextmanager
def unreadable_line(path: Path, line: int) -> Iterator[None]:
    """Say of a line of a journal that the disk does not give any more that it is damaged."""
    try:
        yield
    except OSError as error:
        if error.errno not in BROKEN:
            raise
        raise damaged(path, line, f"cannot be read: {error.strerror}") from error


def damaged(path: Path, line: int, why: str) -> JournalDamaged:
    """Say where the damage is, as `sed -n 7p` and an editor count lines."""
    return JournalDamaged(f"cannot read {path}: line {line} {why}")
