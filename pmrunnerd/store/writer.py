"""The thread that waits for the disk, so that the loop does not have to.

One group is written at a time. What is committed meanwhile makes the next group: one sync serves
all of them, however many there are.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.journal import Journal, Written


class Writer:
    """Give it a group by `submit`; `wake` is called on the loop when `result` has the outcome."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._groups: queue.SimpleQueue[Sequence[bytes] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Written] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """Begin. A daemon thread: one that hangs in a dead disk must not keep us from exiting."""
        self._thread = threading.Thread(
            target=self._work, args=(loop, wake), name="writer", daemon=True
        )
        self._thread.start()

    def submit(self, group: Sequence[bytes]) -> None:
        """Write these lines and make them durable."""
        self._groups.put(group)

    def result(self) -> Written | None:
        """Return the outcome of the group, if it is there."""
        try:
            return self._results.get_nowait()
        except queue.Empty:
            return None

    def stop(self) -> None:
        """Finish what was submitted and end; twice is once."""
        if self._thread is not None:
            self._groups.put(None)
            self._thread.join()
            self._thread = None

    def _work(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        while (group := self._groups.get()) is not None:
            self._results.put(self._write(group))
            # A loop that is closed wakes nobody; `stop` is followed by a last look.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(wake)

    def _write(self, group: Sequence[bytes]) -> Written:
        try:
            return self._journal.append(group)
        except Exception as error:  # noqa: BLE001 - a silent death here would hang everybody
            return Written([], StoreFailed(f"cannot record: this is a bug in the store: {error!r}"))
