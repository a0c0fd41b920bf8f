"""The thread that waits for the disk, so that the loop does not have to.

Groups are written in the order in which they come, each with one sync that serves all of it,
however many there are. Behind one that failed nothing is written until that is forgotten.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.journal import Journal, Written


class Writer:
    """Give it groups by `submit`; `wake` is called on the loop when `result` has an outcome."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._groups: queue.SimpleQueue[tuple[int, Sequence[bytes]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Written]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        # Grows when a failure is forgotten: what was submitted before belongs to that.
        self._round = 1

    def start(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """Begin. A daemon thread: one that hangs in a dead disk must not keep us from exiting."""
        self._thread = threading.Thread(
            target=self._work, args=(loop, wake), name="writer", daemon=True
        )
        self._thread.start()

    def submit(self, group: Sequence[bytes]) -> None:
        """Write these lines and make them durable, after all that was submitted before."""
        self._groups.put((self._round, group))

    def result(self) -> Written | None:
        """Return the outcome of the next group, if it is there. Behind an error there is none."""
        with contextlib.suppress(queue.Empty):
            while True:
                number, written = self._results.get_nowait()
                if number == self._round:
                    return written
        return None

    def forget(self) -> None:
        """Drop what was submitted and is not written yet; what is submitted from now on is."""
        self._round += 1

    def stop(self) -> None:
        """Finish what was submitted and end; twice is once."""
        if self._thread is not None:
            self._groups.put(None)
            self._thread.join()
            self._thread = None

    def _work(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        failed = 0
        while (submitted := self._groups.get()) is not None:
            number, group = submitted
            if number <= failed:
                continue
            written = self._write(group)
            if written.error is not None:
                failed = number
            self._results.put((number, written))
            # A loop that is closed wakes nobody; `stop` is followed by a last look.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(wake)

    def _write(self, group: Sequence[bytes]) -> Written:
        try:
            return self._journal.append(group)
        except Exception as error:  # noqa: BLE001 - a silent death here would hang everybody
            return Written([], StoreFailed(f"cannot record: this is a bug in the store: {error!r}"))
