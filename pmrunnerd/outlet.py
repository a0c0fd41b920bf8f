"""Writes the log from a thread of its own: who says something never waits for who reads it.

A pipe that nobody reads fills up and then blocks whoever writes to it, for ever, and a journal that
hangs does the same. So only this thread writes, and it may be left behind: at the end it gets a moment
and no more.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from pmrunnerd.restraint import Restraint
from pmrunnerd.services.entries import Entry
from pmrunnerd.services.journald import SOCKET, Journal, is_ours
from pmrunnerd.services.logfmt import Line, event
from pmrunnerd.sinks import Entries, Sink, Stream

# With so many bytes waiting, more is dropped, and said to have been dropped.
LIMIT: Final = 1 << 20
STANDARD_ERROR: Final = 2


class Spelling(Protocol):
    """How records become pieces of the log."""

    def piece(self, record: logging.LogRecord) -> bytes:
        """Return a record as one piece."""

    def report(self, text: str) -> Iterator[bytes]:
        """Yield what people are told, an error, as pieces."""


class Outlet:
    """Pieces wait here in order. What is said in one call is written together."""

    def __init__(self, sink: Sink, spelling: Spelling) -> None:
        self._sink = sink
        self._spelling = spelling
        # A number stands for so many pieces that were lost in its place.
        self._waiting: deque[bytes | int | Callable[[], object]] = deque()
        self._bytes = self._dropped = 0
        self._closing = False
        self._moved = threading.Condition()
        # A daemon thread: one that hangs in a write must not keep the process from its end.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def tell(self, *records: logging.LogRecord) -> None:
        """Have records written. Never blocks; raises what spelling them does."""
        self.say(*(self._spelling.piece(record) for record in records))

    def say(self, *pieces: bytes) -> None:
        """Have pieces written, unless too much waits already. Never blocks and never raises."""
        if not pieces:
            return
        size = sum(map(len, pieces))
        with self._moved:
            if self._bytes + size > LIMIT or self._closing:
                self._dropped += len(pieces)
                return
            self._confess()
            self._waiting.extend(pieces)
            self._bytes += size
            self._moved.notify()

    def report(self, text: str) -> None:
        """Say what stopped us, as people read it; a manager is told that it is an error."""
        self.say(*self._spelling.report(text))

    async def written(self) -> None:
        """Return once all that was said so far is written, or was lost with its reader."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(done.set)

        with self._moved:
            self._waiting.append(tell)
            self._moved.notify()
        await done.wait()

    def close(self, within: float) -> None:
        """Write what is left, if somebody takes it within some seconds; then nothing any more."""
        with self._moved:
            if not self._closing:
                self._confess()
            self._closing = True
            self._moved.notify()
        self._thread.join(within)

    def _confess(self) -> None:
        if self._dropped:
            self._waiting.append(self._dropped)
            self._dropped = 0

    def _lost(self, count: int) -> bytes:
        fields = {"count": count, "why": self._sink.why}
        return self._spelling.piece(event("lines-dropped", logging.WARNING, fields))

    def _write(self) -> None:
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                taken = list(self._waiting)
                self._waiting.clear()
            said = [one for one in taken if isinstance(one, bytes | int)]
            pieces = [self._lost(one) if isinstance(one, int) else one for one in said]
            went = self._sink.write(pieces)
            with self._moved:
                self._bytes -= sum(len(one) for one in said if isinstance(one, bytes))
                # What told of others is lost with them.
                self._dropped += sum(
                    one if isinstance(one, int) else 1
                    for one, is_taken in zip(said, went, strict=True)
                    if not is_taken
                )
            for one in taken:
                if not isinstance(one, bytes | int):
                    one()


class _Said(logging.Handler):
    """Gives each record to the outlet."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._outlet.tell(record)
        except Exception:  # noqa: BLE001 - a record that cannot be spelled is the loss of one line
            self.handleError(record)


def configure(environment: Mapping[str, str], base: Mapping[str, str]) -> Outlet:
    """Send every log record where the service manager, or whoever reads standard error, likes it.

    `base` are fields of each entry of the journal. Close the outlet that is returned: what was said
    last may still be on its way.
    """
    if is_ours(environment, STANDARD_ERROR) and SOCKET.exists():
        entry = Entry({**base, "SYSLOG_IDENTIFIER": "pmrunnerd"})
        outlet = Outlet(Entries(Journal(patient=True)), entry)
    else:
        managed = "JOURNAL_STREAM" in environment or "NOTIFY_SOCKET" in environment
        outlet = Outlet(Stream(_descriptor()), Line(managed=managed))
    said = _Said(outlet)
    said.addFilter(Restraint())
    logging.basicConfig(level=logging.INFO, handlers=[said], force=True)
    # What we say about ourselves must never be able to stop us.
    logging.raiseExceptions = False
    return outlet


def _descriptor() -> int:
    """Return a descriptor of standard error that stays ours, whatever becomes of number 2."""
    try:
        return os.dup(STANDARD_ERROR)
    except OSError:
        # Started with it closed: the next file that is opened, the journal perhaps, would get its
        # number, and somebody's stray words with it.
        while (nowhere := os.open(os.devnull, os.O_RDWR)) < STANDARD_ERROR:
            pass
        return os.dup(nowhere)
