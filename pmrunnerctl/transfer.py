"""An archive on its way between a daemon and us, in pieces, with a line that says how far it is."""

import time
import uuid
from collections.abc import Iterator
from typing import IO, Final, Self

from pmrunnerctl.amounts import size
from pmrunnerctl.asking import message
from pmrunnerctl.client import GREETED_WITHIN, Client
from pmrunnerctl.exits import Cannot, Exit, unreachable
from pmrunnerctl.failures import Lost, raise_failure
from pmrunnerctl.render import Screen
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Connection
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.upkeep import BackedUp, Piece, Restored

# Seconds between two looks at how far it is.
_BEAT: Final = 0.2
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """A line on a terminal that is written over, and gone at the end; nothing where none is.

    It ends with the `with` block that it is made in.
    """

    def __init__(self, screen: Screen, what: str) -> None:
        self._screen = screen
        self._what = what
        self._next = time.monotonic() + _BEAT
        self._shown = False

    def at(self, count: int) -> None:
        """Say how many bytes have come so far."""
        if self._screen.columns is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _BEAT
            self._say(f"{self._what}: {size(count)}")

    def working(self, on: str) -> None:
        """Say what is waited for."""
        if self._screen.columns is not None:
            self._say(on)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._screen.raw(_CLEAR)
            self._screen.flush()

    def _say(self, text: str) -> None:
        self._shown = True
        self._screen.raw(_CLEAR + text)
        self._screen.flush()


def fetch(place: Place, out: IO[bytes], progress: Progress) -> BackedUp:
    """Write the daemon's archive and return what is in it. Raises Cannot; there is no going on."""
    try:
        for piece in _pieces(place):
            out.write(piece.data)
            progress.at(piece.cursor)
            if piece.backed_up is not None:
                return piece.backed_up
    except Lost as lost:
        if isinstance(lost.__cause__, Cannot):
            raise lost.__cause__ from None
        raise unreachable(
            f"cannot do state backup: {lost}", hint=place.hint, retryable=True
        ) from None
    raise Cannot(
        "cannot do state backup: the daemon left before the archive was whole",
        exits=Exit.UNAVAILABLE,
        code="unavailable",
        retryable=True,
    )


def _pieces(place: Place) -> Iterator[Piece]:
    decoder = frames.to_client(Piece)
    connection = Connection(place, within=GREETED_WITHIN)
    try:
        connection.send(message(p.StateBackup()))
        while True:
            frame = connection.receive(decoder, within=None)
            if isinstance(frame, frames.Failed):
                raise_failure(frame)
            if isinstance(frame, frames.Closed):
                return
            yield frame.item
    finally:
        connection.close()


def send(client: Client, source: IO[bytes], progress: Progress, *, force: bool) -> Restored:
    """Send an archive and have it restored; return what it is. Raises Cannot."""
    name, offset = uuid.uuid4().hex, 0
    while data := source.read(p.UPLOAD_LIMIT):
        client.call(p.StateUpload(upload=name, offset=offset, data=data))
        offset += len(data)
        progress.at(offset)
    if not offset:
        client.call(p.StateUpload(upload=name, offset=0, data=b""))
    progress.working("the daemon looks at the archive")
    return client.call(p.StateRestore(upload=name, force=force))
