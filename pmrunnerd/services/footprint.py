"""What the directories of runs take on the disk, and when they last changed.

An agent may have written there where nothing confined it: no link is followed, no tree is too deep
or too wide, and what goes away meanwhile is gone.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errand import Footprint
from pmrunnerd.store.durable import PASSING

OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK: Final = 512


class Found(Struct, frozen=True, kw_only=True):
    """What lies in a directory of runs: directories by name, and the names of whatever is none.

    `measured` are those that were to be; `skipped` those that were not.
    """

    measured: tuple[Footprint, ...] = ()
    skipped: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def look(
    directory: Path, *, skip: Collection[str] = (), enough: Callable[[], bool] = lambda: False
) -> Found:
    """Measure every directory in a directory but some; end early when there was `enough`.

    Raises OSError where the directory itself cannot be read, and where no descriptor is left.
    """
    measured, skipped, others = list[Footprint](), list[str](), list[str]()
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(top):  # noqa: PTH208 - it is a descriptor
            if enough():
                break
            if name in skip:
                skipped.append(name)
                continue
            try:
                one = _measure(top, name, enough)
            except FileNotFoundError:
                continue
            except OSError as exc:  # a link, a file, or not ours to read
                _raise_if_passing(exc)
                others.append(name)
            else:
                if not enough():  # or it was not measured to its end
                    measured.append(one)
    finally:
        os.close(top)
    return Found(measured=tuple(measured), skipped=tuple(skipped), others=tuple(sorted(others)))


def _measure(top: int, name: str, enough: Callable[[], bool]) -> Footprint:
    file = os.open(name, OPEN, dir_fd=top)
    tally = _Tally()
    try:
        tally.add(os.fstat(file))
        _walk(file, tally, enough)
    finally:
        os.close(file)
    return Footprint(run=name, size=tally.size, changed=tally.changed)


class _Tally:
    """Adds up what is there; a file of several names counts once."""

    def __init__(self) -> None:
        self.size = 0
        self.changed = 0.0
        self._linked: set[tuple[int, int]] = set()

    def add(self, found: os.stat_result) -> None:
        self.changed = max(self.changed, found.st_mtime)
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in self._linked:
                return
            self._linked.add((found.st_dev, found.st_ino))
        self.size += found.st_blocks * _BLOCK


def _walk(top: int, tally: _Tally, enough: Callable[[], bool]) -> None:
    """Add up what is below a directory, with one descriptor however deep it is.

    Back up by `..`, which has to be where we came from: else somebody moves things, and the rest is
    left for the next look.
    """
    here = os.dup(top)
    above: list[tuple[tuple[int, int], list[str]]] = []
    try:
        below = _add_up(here, tally, enough)
        while not enough():
            if below:
                came_from = _identity(here)
                try:
                    there = os.open(below.pop(), OPEN, dir_fd=here)
                except OSError as exc:  # gone, a link by now, or not ours to read
                    _raise_if_passing(exc)
                    continue
                os.close(here)
                here = there
                above.append((came_from, below))
                below = _add_up(here, tally, enough)
            elif above:
                came_from, below = above.pop()
                there = os.open("..", OPEN, dir_fd=here)
                os.close(here)
                here = there
                if _identity(here) != came_from:
                    return
            else:
                return
    except OSError as exc:
        _raise_if_passing(exc)
    finally:
        os.close(here)


def _raise_if_passing(error: OSError) -> None:
    """Raise what says nothing about the files: no descriptor, no memory."""
    if error.errno in PASSING:
        raise error


def _add_up(here: int, tally: _Tally, enough: Callable[[], bool]) -> list[str]:
    """Add up what is in a directory; return its directories, on the same disk."""
    below = []
    disk = os.fstat(here).st_dev
    with os.scandir(here) as entries:
        for entry in entries:
            if enough():
                return []
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                tally.add(found)
                if stat.S_ISDIR(found.st_mode) and found.st_dev == disk:
                    below.append(entry.name)
    return below


def _identity(file: int) -> tuple[int, int]:
    found = os.fstat(file)
    return found.st_dev, found.st_ino
