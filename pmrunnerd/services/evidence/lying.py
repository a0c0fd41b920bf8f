"""EVIDENCE.md as it lies in a directory: read without following anything, written whole or not at all."""

import errno
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Conflict, Refused
from pmrunnerd.model.evidence import LIMIT, NAME, Found, Lying

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What is opened may be a pipe by then, which nobody waits for.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What it says of a name that cannot be opened so; of a socket it says ENXIO.
_NO_FILE: Final = {
    errno.ENOENT: Lying.MISSING,
    errno.ELOOP: Lying.LINK,
    errno.ENXIO: Lying.SOMETHING,
}
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def look(directory: Path) -> Found:
    """Return what lies there under that name. Raises OSError."""
    top = os.open(directory, _DIRECTORY)
    try:
        return _look(top)
    finally:
        os.close(top)


def write(directory: Path, text: str, before: str) -> None:
    """Have a text lie there, where what lies there now is what somebody saw, by `fingerprint`.

    Raises Conflict where it is something else, Refused where it is no file, OSError.
    """
    top = os.open(directory, _DIRECTORY)
    try:
        found = _look(top)
        if found.lying not in {Lying.FILE, Lying.MISSING}:
            raise Refused(
                f"cannot write {NAME}: what lies there is no file that can be read ({found.lying})",
                hint=f"git rm -r {NAME}",
            )
        if fingerprint(found) != before:
            raise Conflict(
                f"cannot write {NAME}: somebody has changed it meanwhile",
                hint="the same command again",
            )
        _replace(top, text.encode())
    finally:
        os.close(top)


def fingerprint(found: Found) -> str:
    """Return what tells one content from another; empty where there is none."""
    return hashlib.sha256(found.data).hexdigest() if found.lying is Lying.FILE else ""


def _look(top: int) -> Found:
    try:
        file = os.open(NAME, _READ, dir_fd=top)
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        return Found(lying=_NO_FILE[error.errno])
    try:
        about = os.fstat(file)
        if stat.S_ISDIR(about.st_mode):
            return Found(lying=Lying.DIRECTORY)
        if not stat.S_ISREG(about.st_mode):
            return Found(lying=Lying.SOMETHING)
        data = _content(file)
    finally:
        os.close(file)
    if len(data) > LIMIT:
        return Found(lying=Lying.TOO_LARGE, size=max(about.st_size, len(data)))
    return Found(lying=Lying.FILE, data=data, size=len(data))


def _content(file: int) -> bytes:
    data = bytearray()
    while len(data) <= LIMIT and (part := os.read(file, LIMIT)):
        data += part
    return bytes(data)


def _replace(top: int, data: bytes) -> None:
    # A crash may leave it: then it says whose it is. It is no state of ours, so nothing waits for the disk.
    fresh = f".{NAME}.{secrets.token_hex(4)}"
    file = os.open(fresh, _NEW, 0o644, dir_fd=top)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        os.rename(fresh, NAME, src_dir_fd=top, dst_dir_fd=top)
    except OSError:
        os.unlink(fresh, dir_fd=top)
        raise
