"""A copy of a state that its daemon goes on writing: its journal, and what saves reading all of that.

Root makes it, of a directory that is another user's: it goes through no link, and takes files of that user alone. The
journal comes last, so it is as long as whatever was made of it; where the rest does not fit together, because the daemon
made it anew meanwhile, no release believes it.
"""

import os
import re
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused

SNAPSHOT: Final = "snapshot.json"
JOURNAL: Final = "journal"
HISTORY: Final = "history"
_SEGMENT: Final = re.compile(r"[0-9]{8}\.jsonl")
# Not what is on its way to become one.
_COLUMN: Final = re.compile(r"[^.].*")
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not to wait for what is no file.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE: Final = 1 << 20


def copy(state: Path, into: Path) -> int:
    """Copy a state as it is now into a directory that is made for it; return its bytes. Raises Refused, OSError."""
    with ExitStack() as stack:
        there = _held(os.open(state, _DIRECTORY), stack)
        owner = os.fstat(there).st_uid
        into.mkdir(parents=True, mode=0o700)
        size = 0
        with suppress(FileNotFoundError):
            size += _take(there, SNAPSHOT, owner, into / SNAPSHOT)
        with suppress(FileNotFoundError):
            size += _take_all(there, HISTORY, _COLUMN, owner, into)
        return size + _take_all(there, JOURNAL, _SEGMENT, owner, into)


def _take_all(there: int, name: str, wanted: re.Pattern[str], owner: int, into: Path) -> int:
    """Copy the files of a directory."""
    with ExitStack() as stack:
        directory = _held(os.open(name, _DIRECTORY, dir_fd=there), stack)
        (into / name).mkdir(mode=0o700)
        # Before the first is opened: of segments before the last, all that will ever be in them is there.
        with os.scandir(directory) as entries:
            names = sorted(one.name for one in entries if wanted.fullmatch(one.name))
        return sum(_take(directory, one, owner, into / name / one) for one in names)


def _held(descriptor: int, stack: ExitStack) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


def _take(directory: int, name: str, owner: int, to: Path) -> int:
    """Copy a file as long as it is, and a segment up to the end of its last whole line."""
    with ExitStack() as stack:
        file = _held(os.open(name, _FILE, dir_fd=directory), stack)
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != owner:
            raise Refused(f"cannot copy the state: {name} is no file of its owner")
        new = _held(os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), stack)
        left = about.st_size
        while left > 0 and (data := os.read(file, min(left, _PIECE))):
            left -= os.write(new, data)
        size = about.st_size - left
        if _SEGMENT.fullmatch(name):
            size = _whole(new, size)
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
