"""How a tree comes to lie among those that gates judge: whole under its digest, or not at all."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pmrunnerd.services import disposal
from pmrunnerd.services.source import unpacking

# Whole or in part, and not yet under its digest.
_NEW: Final = ".new-"


def fresh(trees: Path, name: str) -> Path:
    """Return where a tree may come to lie; what an earlier daemon left there is gone. Raises OSError."""
    _delete(trees, f"{_NEW}{name}")
    return trees / f"{_NEW}{name}"


def keep(trees: Path, arrived: Path, digest: str, measure: Callable[[Path], str]) -> None:
    """Have a tree that has arrived, and was measured, under its digest. Raises OSError.

    One that is there stays if it is still what it is called: nothing of it is durable, and after a power cut it may be less.
    """
    there = trees / digest
    # Not looked for before: another gate run may bring the same just now.
    while not _renamed(arrived, there):
        if measure(there) == digest:
            _delete(trees, arrived.name)
            return
        _delete(trees, digest)


def _renamed(arrived: Path, there: Path) -> bool:
    """Give it its name, unless something has that."""
    try:
        arrived.rename(there)
    except OSError as exc:
        if exc.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True


def clear(trees: Path) -> None:
    """Delete what arrived in part, while nothing arrives. Raises OSError."""
    if not trees.is_dir():
        return
    unpacking.clear(trees)
    for one in sorted(trees.iterdir()):
        if one.name.startswith(_NEW):
            _delete(trees, one.name)


def _delete(trees: Path, name: str) -> None:
    disposal.empty(trees, name)
    disposal.remove(trees, name)
