"""One name in an open directory: looked at, read, written, made accessible. Nothing is followed."""

import contextlib
import os
import stat
from typing import Final

from pmrunnerd.services.broom.errand import Errand

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NOFOLLOW: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MOST: Final = 1 << 26  # bytes of a file of references that is looked into
# What git needs to do with a file of its own, and with any other.
APPEND: Final = 0o600
READ: Final = 0o400
_RIGHTS: Final = 0o700


def names(here: int) -> list[bytes]:
    return [os.fsencode(name) for name in os.listdir(here)]


def find(name: bytes, here: int | None) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=here, follow_symlinks=False)
    except OSError:
        return None


def is_directory(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_other(found: os.stat_result | None) -> bool:
    """Tell whether something is there that is no directory."""
    return found is not None and not stat.S_ISDIR(found.st_mode)


def read(name: bytes, here: int) -> bytes | None:
    """Return what is in a file; None where it is none."""
    try:
        file = os.open(name, NOFOLLOW, dir_fd=here)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    with os.fdopen(file, "rb") as stream:
        return stream.read(MOST)


def write(name: bytes, content: bytes, here: int) -> None:
    """Write a file that is not there yet."""
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=here)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)


def above(path: bytes) -> list[bytes]:
    """Return the directories that lead to a path, the outermost first."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]


def chance() -> bytes:
    """Return what makes a name one that nobody has planted."""
    # `secrets` takes longer to import than all of our modules.
    return b"-" + os.urandom(4).hex().encode()


def own(name: bytes, here: int, errand: Errand) -> None:
    """Have all rights on a directory that the run took them from."""
    found = find(name, here)
    if found is None or not is_directory(found) or found.st_mode & _RIGHTS == _RIGHTS:
        return
    if errand.is_new(found):
        with contextlib.suppress(OSError):
            os.chmod(name, found.st_mode | _RIGHTS, dir_fd=here)


def allow(name: bytes, here: int, found: os.stat_result, rights: int) -> None:
    """Have git do with a file what it has to."""
    if found.st_mode & rights != rights:
        with contextlib.suppress(OSError):
            os.chmod(name, found.st_mode | rights, dir_fd=here)
