"""What is left of the machine for more runs."""

import os
from pathlib import Path

from pmrunnerd.rules.admission import Room
from pmrunnerd.services import memory


def measure(state: Path) -> Room:
    """Return what is free in memory and on the disk of the state. Raises OSError."""
    return Room(memory=memory.available(), disk=free(state))


def free(directory: Path) -> int:
    """Return the bytes of a directory's disk that we may use."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
