"""Tells when the event file of a run has grown, by inotify; whoever listens also looks by itself."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

    from pmrunnerd.services import inotify

log = logging.getLogger(__name__)

_EVENTS: Final = "events.jsonl"


class RunWatch:
    """Watches run directories below `directory` and calls `grew` with the run, in the loop's thread.

    It may fail to watch (the kernel limits how many do); then it says so in the log and is silent.
    """

    def __init__(self, directory: Path, grew: Callable[[str], None]) -> None:
        self._directory = directory
        self._grew = grew
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}

    def add(self, run: str) -> None:
        """Watch a run from now on; the loop must be running. Watching twice is watching once."""
        if run in self._watches:
            return
        from pmrunnerd.services import inotify  # noqa: PLC0415 - as it says

        loop = asyncio.get_running_loop()
        try:
            self._watches[run] = self._open(inotify.Observer).schedule(
                inotify.Told(partial(self._written, run, loop)),
                os.fspath(self._directory / run),
                event_filter=inotify.WRITTEN,
            )
        except (OSError, RuntimeError) as exc:  # RuntimeError: no more threads
            log.warning("cannot watch run %s, so its output comes once a second: %s", run, exc)

    def remove(self, run: str) -> None:
        """Watch a run no longer."""
        watch = self._watches.pop(run, None)
        if watch is not None and self._observer is not None:
            with contextlib.suppress(OSError, KeyError):
                self._observer.unschedule(watch)

    def close(self) -> None:
        """Watch nothing any more, and leave no thread behind."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        self._observer = None
        self._watches.clear()

    def _open(self, new: "Callable[[], BaseObserver]") -> "BaseObserver":
        if self._observer is None:
            observer = new()
            observer.start()
            self._observer = observer
        return self._observer

    def _written(self, run: str, loop: asyncio.AbstractEventLoop, event: "inotify.Event") -> None:
        if os.fsdecode(event.src_path).endswith(f"/{_EVENTS}"):
            with contextlib.suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self._grew, run)
