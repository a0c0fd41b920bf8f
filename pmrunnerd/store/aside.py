"""What is in the way is set aside, dated; recovery never deletes."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pmrunnerd.store.durable import Disk

# Inside a state directory.
ASIDE: Final = "set-aside"
_PLAIN: Final = str.maketrans("", "", "-:")


def dated(at: str, what: str) -> str:
    """Return the name for what went away at a time (RFC 3339): `20261124T123000.123Z-WHAT`."""
    return f"{at.translate(_PLAIN)}-{what}"


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
