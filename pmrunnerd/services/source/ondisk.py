"""The source digest of what lies on the disk: read again, by nothing that wrote it."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import Kind
from pmrunnerd.rules.source import names
from pmrunnerd.rules.source.digest import Digest
from pmrunnerd.services.source.descent import DIRECTORY, Descent

_CHUNK: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def measure(root: Path) -> Digest:
    """Look at everything below a directory; raises OSError, and Refused for what no source has.

    A link is what it says, and is not followed. Directories count by what is in them.
    """
    found = Digest()
    descent = Descent(os.open(root, DIRECTORY))
    place: list[str] = []
    try:
        below = [_names(descent.here)]
        while below:
            if not below[-1]:
                below.pop()
                if below:
                    place.pop()
                    descent.leave()
                continue
            name = below[-1].pop()
            path = "/".join([*place, name])
            if _add(found, descent.here, name, path):
                descent.enter(name)
                place.append(name)
                below.append(_names(descent.here))
    finally:
        descent.close()
    return found


def _names(here: int) -> list[str]:
    return os.listdir(here)


def _add(found: Digest, here: int, name: str, path: str) -> bool:
    """Count one entry in; True for a directory, which is none."""
    if why := names.refusal(os.fsencode(name)):
        raise Refused(f"cannot take {names.shown(os.fsencode(path))} for a source: {why}")
    mode = os.lstat(name, dir_fd=here).st_mode
    if stat.S_ISDIR(mode):
        return True
    if stat.S_ISLNK(mode):
        target = os.fsencode(os.readlink(name, dir_fd=here))
        found.add(path, Kind.LINK, hashlib.sha256(target).hexdigest(), len(target))
    elif stat.S_ISREG(mode):
        kind = Kind.PROGRAM if mode & stat.S_IXUSR else Kind.FILE
        found.add(path, kind, *_content(here, name))
    else:
        raise Refused(f"cannot take {path} for a source: it is neither a file nor a link")
    return False


def _content(here: int, name: str) -> tuple[str, int]:
    made, size = hashlib.sha256(), 0
    file = os.open(name, _READ, dir_fd=here)
    try:
        while chunk := os.read(file, _CHUNK):
            made.update(chunk)
            size += len(chunk)
    finally:
        os.close(file)
    return made.hexdigest(), size
