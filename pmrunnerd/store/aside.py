"""What is in the way is set aside, dated; recovery never deletes."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from pmrunnerd.store.durable import Disk


def set_aside(disk: Disk, directory: Path, name: str, data: bytes) -> Path:
    """Keep bytes durably under a name that nothing else has, and return where."""
    disk.make_directory(directory)
    taken = set(disk.names(directory))
    path = directory / next(fresh for fresh in _numbered(name) if fresh not in taken)
    try:
        disk.write_file(path, data, "new")
    except OSError:
        disk.remove(path)
        raise
    disk.sync_directory(directory)
    return path


def _numbered(name: str) -> Iterator[str]:
    """Yield `name`, `name-2`, `name-3` and so on."""
    yield name
    yield from (f"{name}-{count}" for count in itertools.count(2))
