"""A copy of a state that its daemon goes on writing: its journal, of which all else is made.

Root makes it, of a directory that is another user's: it goes through no link, and takes files of that user alone.
"""

import os
import re
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused

JOURNAL: Final = "journal"
_SEGMENT: Final = re.compile(r"[0-9]{8}\.jsonl")
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not to wait for what is no file.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE: Final = 1 << 20


def copy(state: Path, into: Path) -> int:
    """Copy a state as it is now into a directory that is made for it; return its bytes. Raises Refused, OSError."""
    with ExitStack() as stack:
        there = _held(os.open(state, _DIRECTORY), stack)
        owner = os.fstat(there).st_uid
        journal = _held(os.open(JOURNAL, _DIRECTORY, dir_fd=there), stack)
        fresh = into / JOURNAL
        fresh.mkdir(parents=True, mode=0o700)
        # Before the first is opened: of those before the last, all that will ever be in them is there.
        with os.scandir(journal) as entries:
            names = sorted(one.name for one in entries if _SEGMENT.fullmatch(one.name))
        return sum(_take(journal, name, owner, fresh / name) for name in names)


def _held(descriptor: int, stack: ExitStack) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


def _take(journal: int, name: str, owner: int, to: Path) -> int:
    """Copy a segment as long as it is, up to the end of its last whole line."""
    with ExitStack() as stack:
        file = _held(os.open(name, _FILE, dir_fd=journal), stack)
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != owner:
            raise Refused(f"cannot copy the state: {name} is no file of its owner")
        new = _held(os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), stack)
        left = about.st_size
        while left > 0 and (data := os.read(file, min(left, _PIECE))):
            left -= os.write(new, data)
        size = _whole(new, about.st_size - left)
        os.ftruncate(new, size)
        return size


def _whole(file: int, size: int) -> int:
    """Return where the last line that has its end ends."""
    at = size
    while at > 0:
        start = max(at - _PIECE, 0)
        if (found := os.pread(file, at - start, start).rfind(b"\n")) >= 0:
            return start + found + 1
        at = start
    return 0
