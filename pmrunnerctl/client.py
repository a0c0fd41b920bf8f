"""Asks a daemon, and asks again with the same request identifier while it restarts."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from pmrunnerctl.asking import message
from pmrunnerctl.bookmark import Bookmark
from pmrunnerctl.exits import Cannot, Silent, unreachable
from pmrunnerctl.failures import Lost, raise_failure
from pmrunnerctl.patience import Patience
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Connection, Peer
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.requests import make

R = TypeVar("R")
T = TypeVar("T")

ANSWER_WITHIN: Final = 30.0
GREETED_WITHIN: Final = 5.0
# A daemon that is there gets this long to say so, however little patience somebody has.
LEAST_GREETING: Final = 2.0
# Seconds without a word in a stream before somebody is told so, the first time and at most.
FIRST_IDLE: Final = 0.5
LONGEST_IDLE: Final = 8.0


class Client:
    """Talks to one daemon. Every method raises Cannot, ready to be shown.

    `patience` is how many seconds a daemon that is away is waited for, `greeted_within` one that is
    there and says nothing; `tell` hears of it. One that was stopped comes when somebody starts it:
    without `waits_for_a_start` that is said at once.
    `unanswered` names a command that changes something while its answer is out.
    """

    def __init__(  # noqa: PLR0913 - whom, and how long each kind of silence may be
        self,
        place: Place,
        *,
        patience: float,
        tell: Callable[[str], None],
        answer_within: float | None = ANSWER_WITHIN,
        greeted_within: float = GREETED_WITHIN,
        waits_for_a_start: bool = True,
    ) -> None:
        self.place = place
        self.unanswered = ""
        self._patience = patience
        self._tell = tell
        self._answer_within = answer_within
        self._greeted_within = greeted_within
        self._waits_for_a_start = waits_for_a_start
        self._connection: Connection | None = None

    def hello(self) -> frames.Hello:
        """Return what the daemon says of itself."""
        return self._until_there(lambda: self._connected().hello)

    def peer(self) -> Peer:
        """Return who listens on the socket."""
        return self._until_there(lambda: self._connected().peer)

    def call(self, request: p.Request[R]) -> R:
        """Return the reply to a request.

        A changing request has one identifier however often it is sent, so it happens once.
        """
        row = p.BY_REQUEST[type(request)]
        decoder = frames.to_client(row.reply)
        call = message(request, make(_now(), os.urandom(10)) if row.changes else "")

        def exchange() -> Any:
            connection = self._connected()
            self.unanswered = row.name if row.changes else ""
            connection.send(call)
            return connection.receive(decoder, within=self._answer_within)

        frame = self._until_there(exchange)
        self.unanswered = ""
        if not isinstance(frame, frames.Ok):
            raise unreachable(
                f"cannot understand the answer to {row.name}: it is {type(frame).__name__}"
            )
        result: R = frame.result
        return result

    def stream(self, request: p.Request[R], idle: Callable[[], None] = lambda: None) -> Iterator[R]:
        """Yield the items of a stream to its end, over as many connections as it takes.

        `idle` is called when nothing has come for a moment, and less and less often as it goes on.
        """
        decoder = frames.to_client(p.BY_REQUEST[type(request)].reply)
        # Where it begins was learned from whom we asked last.
        asked = self._connection
        bookmark = Bookmark(request, asked.hello.lineage if asked else None)
        patience = Patience(self._patience, self._tell)
        while True:
            began = time.monotonic()
            connection = None
            try:
                connection = self._dial()
                connection.send(message(bookmark.request(connection.hello.lineage)))
                while True:
                    _listen(connection, idle)
                    frame = connection.receive(decoder, within=None)
                    if isinstance(frame, frames.Closed):
                        if self._is_over(frame, bookmark):
                            return
                        break
                    if isinstance(frame, frames.Failed):
                        raise_failure(frame)
                    patience.answered()
                    if bookmark.passes(frame.item):
                        yield frame.item
            except Lost as lost:
                if connection is not None and time.monotonic() - began > self._patience:
                    patience.answered()
                self._wait(patience, lost)
            finally:
                if connection is not None:
                    connection.close()

    def _is_over(self, closed: frames.Closed, bookmark: Bookmark) -> bool:
        """Take note of how a stream was closed. Raises Lost where the daemon is to be waited for."""
        if closed.reason == "restored":
            self._tell(f"the state was restored; {bookmark.restored(closed.cursor)}")
        elif closed.reason != "end":
            bookmark.at_least(closed.cursor)
            raise Lost(f"it ended the stream: {closed.reason}")
        return closed.reason == "end"

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _until_there(self, attempt: Callable[[], T]) -> T:
        patience = Patience(self._patience, self._tell)
        while True:
            try:
                frame = attempt()
                if isinstance(frame, frames.Failed):
                    raise_failure(frame)
            except Lost as lost:
                self.close()
                self._wait(patience, lost)
            except Silent as silent:
                if self.unanswered:
                    silent.hint += f"\n{self._may_have_happened()}"
                raise
            else:
                return frame

    def _wait(self, patience: Patience, lost: Lost) -> None:
        if lost.nobody and not self._waits_for_a_start:
            self._must_come()
        if patience.wait(str(lost)):
            return
        if isinstance(lost.__cause__, Cannot):
            raise lost.__cause__
        hint = self.place.hint
        if self.unanswered:
            hint = self._may_have_happened()
        raise unreachable(
            f"cannot reach pmrunnerd at {self.place.socket}: {lost}", hint=hint, retryable=True
        ) from None

    def _must_come(self) -> None:
        """Raise Cannot where nobody will listen until somebody starts a daemon."""
        from pmrunnerctl import stopped  # noqa: PLC0415 - who is answered pays nothing for it

        if (found := stopped.look(self.place)) is None:
            return
        hint = found.hint
        if self.unanswered:
            hint = f"{self._may_have_happened()}\n{hint}"
        raise unreachable(
            f"cannot reach pmrunnerd at {self.place.socket}: {found.why}", hint=hint, retryable=True
        )

    def _may_have_happened(self) -> str:
        return f"{self.unanswered} may have happened: look before you repeat it"

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._dial()
        return self._connection

    def _dial(self) -> Connection:
        return Connection(self.place, within=self._greeted_within, tell=self._tell)


def _listen(connection: Connection, idle: Callable[[], None]) -> None:
    pause = FIRST_IDLE
    while not connection.heard(pause):
        idle()
        pause = min(pause * 2, LONGEST_IDLE)


def _now() -> int:
    return time.time_ns() // 1_000_000
