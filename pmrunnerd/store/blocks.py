"""The crc32 of a growing file, block by block: a flipped bit in it is found without the journal."""

from pathlib import Path
from typing import Final
from zlib import crc32

from pmrunnerd.store.durable import Disk

BLOCK: Final = 512 << 10

Sums = tuple[int, ...]


def grown(sums: Sums, size: int, data: bytes) -> Sums:
    """Return the sums of a file that had `size` bytes when some are added at its end."""
    found, at = list(sums), 0
    while at < len(data):
        inside = (size + at) % BLOCK
        piece = data[at : at + BLOCK - inside]
        if not inside:
            found.append(0)
        found[-1] = crc32(piece, found[-1])
        at += len(piece)
    return tuple(found)


def fits(disk: Disk, path: Path, size: int, sums: Sums, block: int) -> bool:
    """Tell whether a block of a file is as it was when the file had `size` bytes. Raises OSError."""
    start = block * BLOCK
    try:
        file = disk.open(path, "read")
    except FileNotFoundError:
        return False
    try:
        data = disk.read_all(file, min(BLOCK, size - start), start)
    finally:
        disk.close(file)
    return len(data) == min(BLOCK, size - start) and crc32(data) == sums[block]
