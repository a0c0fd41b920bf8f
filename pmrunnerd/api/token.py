"""The secret that lets a browser or a script in by the web door, made on the first start."""

import logging
import secrets
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.store.durable import Disk

log = logging.getLogger(__name__)

FILE: Final = "web.token"
_BYTES: Final = 32
_SHORTEST: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def token(directory: Path, disk: Disk) -> str:
    """Return the token of a state directory; make a new one where there is none to be trusted.

    Raises OSError where it can be neither read nor written.
    """
    path = directory / FILE
    if path.is_symlink() or not path.is_file():
        return _make(path, disk)
    if path.stat().st_mode & _OTHERS:
        log.warning("%s could be read by others; made a new one", path)
        return _make(path, disk)
    found = disk.read_file(path).decode("ascii", "replace").strip()
    return found if len(found) >= _SHORTEST and found.isascii() else _make(path, disk)


def _make(path: Path, disk: Disk) -> str:
    made = secrets.token_urlsafe(_BYTES)
    disk.replace_file(path, f"{made}\n".encode())
    return made
