"""Where the log goes: to standard error, or to systemd's journal. They may block, and never raise."""

import contextlib
import os
import select
from collections.abc import Sequence
from typing import Final, Protocol

from pmrunnerd.services.journald import Journal


class Sink(Protocol):
    """Takes pieces of the log."""

    @property
    def why(self) -> str:
        """Say why what was lost was lost."""

    def write(self, pieces: Sequence[bytes]) -> list[bool]:
        """Write pieces; return of each whether it was taken, as far as one can know."""


class Stream:
    """A descriptor that gets lines. Whether somebody reads it nobody tells."""

    why: Final = "standard error was not read"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_torn = False

    def write(self, pieces: Sequence[bytes]) -> list[bool]:
        """Write lines in one piece."""
        data = b"".join(pieces)
        if self._is_torn and data:
            data = b"\n" + data  # half a line is there, and ours would be read as its end
        left = _write_all(self._descriptor, data)
        if written := data[: len(data) - len(left)]:
            self._is_torn = not written.endswith(b"\n")
        return [True] * len(pieces)


class Entries:
    """The journal of systemd, which gets entries, one by one."""

    why: Final = "the journal did not take them"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def write(self, pieces: Sequence[bytes]) -> list[bool]:
        """Send entries."""
        return [self._journal.send(piece) for piece in pieces]


def _write_all(descriptor: int, data: bytes) -> bytes:
    """Write; return what could not be written: the disk of a log may be full."""
    # Nobody is left to be told that standard error is gone.
    with contextlib.suppress(OSError):
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:  # somebody who shares it made it so; here we do have time
                room = select.poll()
                room.register(descriptor, select.POLLOUT)
                room.poll()
    return data
