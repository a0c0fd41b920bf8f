"""The source digest of what lies on the disk: read again, by nothing that wrote it."""

import hashlib
import os
import stat
from enum import Enum, auto
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import Kind
from pmrunnerd.rules.source import names
from pmrunnerd.rules.source.digest import Digest
from pmrunnerd.services.source.descent import DIRECTORY, Descent

_CHUNK: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class _Is(Enum):
    """What stands under a name."""

    DIRECTORY = auto()
    LINK = auto()
    FILE = auto()
    SOMETHING = auto()


def measure(root: Path) -> Digest:
    """Look at everything below a directory; raises OSError, and Refused for what no source has.

    A link is what it says, and is not followed. Directories count by what is in them.
    """
    found = Digest()
    descent = Descent(os.open(root, DIRECTORY))
    place: list[str] = []
    try:
        below = [_entries(descent.here)]
        while below:
            if not below[-1]:
                below.pop()
                if below:
                    place.pop()
                    descent.leave()
                continue
            name, what = below[-1].pop()
            path = "/".join([*place, name])
            if _add(found, descent.here, name, what, path):
                descent.enter(name)
                place.append(name)
                below.append(_entries(descent.here))
    finally:
        descent.close()
    return found


def _entries(here: int) -> list[tuple[str, _Is]]:
    """Return what is in a directory, as the directory itself has it: without a look at each."""
    with os.scandir(here) as entries:
        return [(entry.name, _what(entry)) for entry in entries]


def _what(entry: os.DirEntry[str]) -> _Is:
    if entry.is_dir(follow_symlinks=False):
        return _Is.DIRECTORY
    if entry.is_symlink():
        return _Is.LINK
    return _Is.FILE if entry.is_file(follow_symlinks=False) else _Is.SOMETHING


def _add(found: Digest, here: int, name: str, what: _Is, path: str) -> bool:
    """Count one entry in; True for a directory, which is none."""
    if why := names.refusal(os.fsencode(name)):
        raise Refused(f"cannot take {names.shown(os.fsencode(path))} for a source: {why}")
    match what:
        case _Is.DIRECTORY:
            return True
        case _Is.LINK:
            target = os.fsencode(os.readlink(name, dir_fd=here))
            found.add(path, Kind.LINK, hashlib.sha256(target).hexdigest(), len(target))
        case _Is.FILE:
            found.add(path, *_content(here, name))
        case _Is.SOMETHING:
            raise Refused(f"cannot take {path} for a source: it is neither a file nor a link")
    return False


def _content(here: int, name: str) -> tuple[Kind, str, int]:
    file = os.open(name, _READ, dir_fd=here)
    try:
        about = os.fstat(file)
        kind = Kind.PROGRAM if about.st_mode & stat.S_IXUSR else Kind.FILE
        # One byte more than there is: what comes short of it has come to its end.
        made, size, wanted = hashlib.sha256(), 0, min(about.st_size + 1, _CHUNK)
        while chunk := os.read(file, wanted):
            made.update(chunk)
            size += len(chunk)
            if size == about.st_size and len(chunk) < wanted:
                break
    finally:
        os.close(file)
    return kind, made.hexdigest(), size
