"""Tells that a file was written, replaced or removed, once it has been left alone for a moment."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

    from pmrunnerd.services import inotify

log = logging.getLogger(__name__)

# An editor writes more than once; in seconds.
QUIET: Final = 0.2
_LOOKS: Final = {"opened", "closed_no_write"}


class FileWatch:
    """Watches the directory of a file and calls `changed` in the loop's thread.

    Where the directory is not there, or the kernel lets nobody watch, it is silent.
    """

    def __init__(self, path: Path, changed: Callable[[], object]) -> None:
        self._path = path
        self._changed = changed
        self._due: asyncio.TimerHandle | None = None
        self._observer: BaseObserver | None = None

    def open(self) -> None:
        """Begin; the loop must be running."""
        if not self._path.parent.is_dir():
            return
        from pmrunnerd.services import inotify  # noqa: PLC0415 - as it says

        observer = inotify.Observer()
        heard = partial(self._heard, asyncio.get_running_loop())
        try:
            observer.schedule(inotify.Told(heard), os.fspath(self._path.parent))
            observer.start()
        except (OSError, RuntimeError) as exc:  # RuntimeError: no more threads
            log.warning("cannot watch %s, so a change is used after a reload: %s", self._path, exc)
            return
        self._observer = observer

    def close(self) -> None:
        """Watch no more, and leave no thread behind."""
        if self._due is not None:
            self._due.cancel()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _soon(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = asyncio.get_running_loop().call_later(QUIET, self._changed)

    def _heard(self, loop: asyncio.AbstractEventLoop, event: "inotify.Event") -> None:
        paths = {os.fsdecode(event.src_path), os.fsdecode(event.dest_path)}
        if os.fspath(self._path) in paths and event.event_type not in _LOOKS:
            with contextlib.suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self._soon)
