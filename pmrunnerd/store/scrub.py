"""Looks again at what a start did not read: older segments and history, if they are what they were.

A snapshot has sums of them. It would take long to look at all of it before anybody is answered, so
it is done while the daemon works, a piece at a time, in a thread.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

from pmrunnerd.store.batch import body, is_hollow
from pmrunnerd.store.blocks import fits
from pmrunnerd.store.column import WIDTH
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, damaged
from pmrunnerd.store.finished import FILE
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.segments import Extent, read_lines
from pmrunnerd.store.snapshot import Snapshot

# Bytes in memory at once. What a thread has had in one piece, malloc keeps for it when it is free.
PIECE: Final = 1 << 18
# Bytes for one turn of a thread.
TURN: Final = 4 << 20
# Seconds between two pieces: a disk has other things to do, and nobody waits for this.
PAUSE: Final = 0.05


async def scrub(
    disk: Disk, journal: Journal, segments: Sequence[Extent], *, pause: float = PAUSE
) -> None:
    """Return when all segments were looked at. Raises JournalDamaged naming file and line."""
    for number, extent in enumerate(segments, start=1):
        sum = size = 0
        while size < extent.size:
            length = min(TURN, extent.size - size)
            piece, sum = await asyncio.to_thread(_look, journal, number, size, length, sum)
            if not piece:
                break
            size += piece
            await asyncio.sleep(pause)
        if (size, sum) != (extent.size, extent.sum):
            raise await asyncio.to_thread(_where, disk, journal, number, extent)


async def scrub_history(
    disk: Disk, history: Path, snapshot: Snapshot, *, pause: float = PAUSE
) -> None:
    """Return when all was looked at that a snapshot knows of. Raises HistoryDamaged."""
    for name, sums in snapshot.sums.items():
        path, size = history / name, snapshot.columns[name] * WIDTH
        for block in range(len(sums)):
            if not await asyncio.to_thread(fits, disk, path, size, sums, block):
                raise HistoryDamaged(f"cannot read {path}: block {block} is not what was written")
            await asyncio.sleep(pause)
    path, at = history / FILE, 0
    while at < snapshot.finished:
        at = await asyncio.to_thread(_turn, disk, path, at, snapshot.finished)
        await asyncio.sleep(pause)


def _turn(disk: Disk, path: Path, start: int, end: int) -> int:
    at = start
    while at < min(start + TURN, end):
        at = _after(disk, path, at, end)
    return at


def _after(disk: Disk, path: Path, start: int, end: int) -> int:
    """Look at some lines, each of which has its own checksum; return where the next one begins."""
    wrong = HistoryDamaged(f"cannot read {path}: behind byte {start} it is not what was written")
    try:
        file = disk.open(path, "read")
    except FileNotFoundError:
        raise wrong from None
    try:
        size, whole = PIECE, 0
        while not whole:
            data = disk.read_all(file, min(size, end - start), start)
            if len(data) < min(size, end - start) or is_hollow(data):
                raise wrong
            whole, size = data.rfind(b"\n") + 1, 2 * size
            if not whole and len(data) == end - start:
                raise wrong
    finally:
        disk.close(file)
    if any(body(line) is None for line in data[: whole - 1].split(b"\n")):
        raise wrong
    return start + whole


def _look(journal: Journal, segment: int, start: int, length: int, sum: int) -> tuple[int, int]:
    """Read what is there, in pieces; return how many bytes and the sum up to their end."""
    size = 0
    while size < length:
        try:
            piece = journal.read(segment, start + size, min(PIECE, length - size))
        except FileNotFoundError:
            break
        if not piece:
            break
        size, sum = size + len(piece), crc32(piece, sum)
    return size, sum


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
