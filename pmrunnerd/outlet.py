"""Writes lines from a thread of its own: who says something never waits for who reads it.

A pipe that nobody reads fills up and then blocks whoever writes to it, for ever. So only this thread
writes, and it may be left behind: at the end it gets a moment and no more.
"""

import asyncio
import contextlib
import logging
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from pmrunnerd.logfmt import PRIORITY, Line, event

# With so many characters waiting, more is dropped, and said to have been dropped.
LIMIT: Final = 1 << 20
STANDARD_ERROR: Final = 2


class Outlet:
    """Lines wait here in order. What is said in one call is written in one piece.

    `line` spells records for those who have many to say at once.
    """

    def __init__(self, descriptor: int, line: Line) -> None:
        self.line = line
        self._descriptor = descriptor
        self._waiting: deque[str | Callable[[], object]] = deque()
        self._bytes = self._dropped = 0
        self._closing = self._is_torn = False
        self._moved = threading.Condition()
        # A daemon thread: one that hangs in a write must not keep the process from its end.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def say(self, *lines: str) -> None:
        """Have lines written, unless too much waits already. Never blocks and never raises."""
        if not lines:
            return
        text = "".join(f"{line}\n" for line in lines)
        with self._moved:
            if self._bytes + len(text) > LIMIT or self._closing:
                self._dropped += len(lines)
                return
            if self._dropped:
                text = self._about_dropped() + text
            self._waiting.append(text)
            self._bytes += len(text)
            self._moved.notify()

    def report(self, text: str) -> None:
        """Say what stopped us, as people read it; a manager is told that it is an error."""
        prefix = f"<{PRIORITY[logging.ERROR]}>" if self.line.managed else ""
        self.say(*(f"{prefix}{line}" for line in text.splitlines()))

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
            if self._dropped and not self._closing:
                self._waiting.append(self._about_dropped())
            self._closing = True
            self._moved.notify()
        self._thread.join(within)

    def _about_dropped(self) -> str:
        count, self._dropped = self._dropped, 0
        fields = {"count": count, "why": "standard error was not read"}
        record = event("lines-dropped", logging.WARNING, fields)
        return self.line.format(record) + "\n"

    def _write(self) -> None:
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                taken = list(self._waiting)
                self._waiting.clear()
            text = "".join(one for one in taken if isinstance(one, str))
            data = text.encode(errors="backslashreplace")
            if self._is_torn and data:
                data = b"\n" + data  # half a line is there, and ours would be read as its end
            left = _write_all(self._descriptor, data)
            if written := data[: len(data) - len(left)]:
                self._is_torn = not written.endswith(b"\n")
            with self._moved:
                self._bytes -= len(text)
            for one in taken:
                if not isinstance(one, str):
                    one()


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


class _Said(logging.Handler):
    """Gives each record to the outlet."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._outlet.say(self._outlet.line.format(record))
        except Exception:  # noqa: BLE001 - a record that cannot be spelled is the loss of one line
            self.handleError(record)


def configure(environment: Mapping[str, str]) -> Outlet:
    """Send every log record to standard error, as whoever reads it there likes it.

    Close the outlet that is returned: what was said last may still be on its way.
    """
    managed = "JOURNAL_STREAM" in environment or "NOTIFY_SOCKET" in environment
    outlet = Outlet(_descriptor(), Line(managed=managed))
    logging.basicConfig(level=logging.INFO, handlers=[_Said(outlet)], force=True)
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
