"""The address of a Unix socket, which has 107 bytes and no more: by way of its directory, however long that is."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def held(directory: Path) -> Iterator[int]:
    """Hold a directory, as a descriptor. Raises OSError."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def within(directory: int, name: str) -> str:
    """Return the address of a name in a directory that is held."""
    return f"/proc/self/fd/{directory}/{name}"
