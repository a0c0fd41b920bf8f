"""What is in the way is set aside, dated; recovery never deletes."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from pmrunnerd.store.durable import Disk


def set_aside(disk: Disk, directory: Path, name: str, data: bytes) -> Path:
    """Keep bytes durably under a name that nothing else has, and return where."""
    disk.make_directory(directory)
    path = fresh(disk, directory, name)
    try:
        disk.write_file(path, data, "new")
    except OSError:
        disk.remove(path)
        raise
    disk.sync_directory(directory)
    return path


def fresh(disk: Disk, directory: Path, name: str) -> Path:
    """Return a path like `name` that nothing in a directory has yet."""
    taken = set(disk.names(directory))
    return directory / next(new for new in _numbered(name) if new not in taken)


def _numbered(name: str) -> Iterator[str]:
    """Yield `name`, `name-2`, `name-3` and so on."""
    yield name
    yield from (f"{name}-{count}" for count in itertools.count(2))
