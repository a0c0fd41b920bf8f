"""Looks again at what a start did not read: whether the older segments still are what they were.

A snapshot has the sum of each. It would take long to look at all of them before anybody is
answered, so it is done while the daemon works, a piece at a time, in a thread.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, damaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.segments import Extent, read_lines

PIECE: Final = 4 << 20
# Seconds between two pieces: a disk has other things to do, and nobody waits for this.
PAUSE: Final = 0.05


async def scrub(
    disk: Disk, journal: Journal, segments: Sequence[Extent], *, pause: float = PAUSE
) -> None:
    """Return when all segments were looked at. Raises JournalDamaged naming file and line."""
    for number, extent in enumerate(segments, start=1):
        sum = size = 0
        while size < extent.size:
            length = min(PIECE, extent.size - size)
            piece, sum = await asyncio.to_thread(_look, journal, number, size, length, sum)
            if not piece:
                break
            size += piece
            await asyncio.sleep(pause)
        if (size, sum) != (extent.size, extent.sum):
            raise await asyncio.to_thread(_where, disk, journal, number, extent)


def _look(journal: Journal, segment: int, start: int, length: int, sum: int) -> tuple[int, int]:
    """Read a piece; return its bytes and the sum up to its end."""
    try:
        piece = journal.read(segment, start, length)
    except FileNotFoundError:
        return 0, sum
    return len(piece), crc32(piece, sum)


def _where(disk: Disk, journal: Journal, segment: int, extent: Extent) -> JournalDamaged:
    path = journal.path(segment)
    number = 0
    try:
        file = disk.open(path, "read")
    except FileNotFoundError:
        return JournalDamaged(f"cannot read {path}: it is missing")
    try:
        for line in read_lines(disk, file, path):
            number = line.number
            if line.json is None:
                break
    finally:
        disk.close(file)
    return damaged(path, number, f"is not as it was when the segment had {extent.size} bytes")
