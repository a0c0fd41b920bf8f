"""Tells when the event file of a run has grown, by inotify; whoever listens also looks by itself."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.events import FileModifiedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

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
        try:
            self._watches[run] = self._open().schedule(
                _Handler(run, self._grew, asyncio.get_running_loop()),
                os.fspath(self._directory / run),
                event_filter=[FileModifiedEvent],
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

    def _open(self) -> BaseObserver:
        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
        return self._observer


class _Handler(FileSystemEventHandler):
    def __init__(
        self, run: str, grew: Callable[[str], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._run = run
        self._grew = grew
        self._loop = loop

    def on_modified(self, event: FileSystemEvent) -> None:
        if os.fsdecode(event.src_path).endswith(f"/{_EVENTS}"):
            with contextlib.suppress(RuntimeError):  # the loop has closed
                self._loop.call_soon_threadsafe(self._grew, self._run)
