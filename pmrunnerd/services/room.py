"""What is left of the machine for more work."""

import os
from pathlib import Path
from typing import Final

from pmrunnerd.model.quantities import size
from pmrunnerd.rules.admission import Least, Room
from pmrunnerd.services.memory import available

# With less than so many bytes and inodes a disk is full: the rest is for the ends of what runs.
LEAST: Final = 256 << 10
LEAST_INODES: Final = 100


def measure(state: Path) -> Room:
    """Return what is free in memory and on the disk of the state. Raises OSError."""
    disk, inodes = left(state)
    return Room(memory=available(), disk=disk, inodes=inodes)


def least(*, memory: int, disk: int) -> Least:
    """Return what must be free for a run to begin: what was set, and never less than makes it full."""
    return Least(memory=memory, disk=disk, floor=LEAST, inodes=LEAST_INODES)


def left(directory: Path) -> tuple[int, int | None]:
    """Return the bytes and inodes of a directory's disk that we may use; None where it has no limit."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def full(directory: Path) -> str:
    """Say that a directory's disk is full, and how full; empty where it is not. Raises OSError."""
    disk, inodes = left(directory)
    if disk < LEAST:
        return f"the disk of {directory} is full: {size(disk)} free"
    if inodes is not None and inodes < LEAST_INODES:
        return f"the disk of {directory} is full: {inodes} inodes free"
    return ""
