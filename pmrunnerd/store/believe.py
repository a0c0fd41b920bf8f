"""Whether a snapshot still is what the journal makes: all sizes, and what the newest parts say.

What older parts say is looked at while the daemon runs (store.scrub): that may take long.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.blocks import BLOCK, fits
from pmrunnerd.store.column import WIDTH
from pmrunnerd.store.durable import PASSING, Disk
from pmrunnerd.store.failures import trouble
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.segments import Extent
from pmrunnerd.store.snapshot import Snapshot
from pmrunnerd.store.sums import sum_of

_REQUESTS: Final = "requests"
log: Final = logging.getLogger(__name__)


def proven(disk: Disk, directory: Path, lock: Lock) -> int:
    """Return how far the journal had come, by what the lock remembers and by the snapshot.

    The lock remembers it from now on: whoever takes the snapshot away takes its proof with it, and a
    journal that was refused once must not be accepted the next time. Raises OSError.
    """
    reached = snapshots.reached(disk, directory)
    if reached > lock.seen:
        lock.reach(reached)
    return lock.seen


def is_as_it_was(
    disk: Disk, directory: Path, journal: Journal, snapshot: Snapshot, window: int
) -> bool:
    """Compare a snapshot with the journal and the history that it was made with.

    `window` is how many requests are remembered. What the disk does not give is not as it was: a
    history is made anew, and a journal is read from its beginning, and refused by line. Raises OSError
    for what passes.
    """
    try:
        return (
            _is_there(disk, directory / "history", snapshot, window)
            and _sizes_are_right(disk, journal, snapshot.segments)
            and all(
                sum_of(journal, number, extent.size) == extent.sum
                for number, extent in _newest(journal, snapshot.segments)
            )
        )
    except OSError as error:
        if error.errno in PASSING:
            raise
        log.warning("cannot read %s", trouble(error))
        return False


def _is_there(disk: Disk, history: Path, snapshot: Snapshot, window: int) -> bool:
    """Tell whether the history is long enough, and the last requests are those that were recorded.

    No request may be done twice.
    """
    if any(disk.size_of(history / name) < size for name, size in snapshots.sizes(snapshot)):
        return False
    sums = snapshot.sums.get(_REQUESTS, ())
    count = snapshot.columns.get(_REQUESTS, 0)
    first = max(count - window, 0) * WIDTH // BLOCK
    return all(
        fits(disk, history / _REQUESTS, count * WIDTH, sums, block)
        for block in range(first, len(sums))
    )


def unread(journal: Journal, segments: Sequence[Extent]) -> Sequence[Extent]:
    """Return the segments that are not looked at."""
    return segments[: len(segments) - len(_newest(journal, segments))]


def _sizes_are_right(disk: Disk, journal: Journal, segments: Sequence[Extent]) -> bool:
    for number, extent in enumerate(segments, start=1):
        size = disk.size_of(journal.path(number))
        grows = number == len(segments)
        if size < extent.size or (size > extent.size and not grows):
            return False
    return True


def _newest(journal: Journal, segments: Sequence[Extent]) -> list[tuple[int, Extent]]:
    """Return the segments that a start looks at: the last one, and what makes one with it."""
    found: list[tuple[int, Extent]] = []
    room = journal.limit
    for number, extent in reversed(list(enumerate(segments, start=1))):
        room -= extent.size
        if found and room < 0:
            break
        found.append((number, extent))
    return found
