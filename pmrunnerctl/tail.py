"""The end of a text file, and what is added to it: also after it was cut or another took its place."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

PAUSE: Final = 0.25
_BLOCK: Final = 64 << 10


def last(file: BinaryIO, count: int) -> bytes:
    """Return the last lines of a file, and leave it at its end."""
    at = file.seek(0, os.SEEK_END)
    found = b""
    while at > 0 and found.count(b"\n") <= count:
        size = min(_BLOCK, at)
        at = file.seek(at - size)
        found = file.read(size) + found
    file.seek(0, os.SEEK_END)
    lines = found.splitlines(keepends=True)
    return b"".join(lines[max(len(lines) - count, 0) :])


def last_wanted(file: BinaryIO, count: int, wanted: Callable[[bytes], bool]) -> bytes:
    """Return the last lines of a file that are wanted, and leave it at its end."""
    # Of half a line nobody knows yet what it is about.
    lines = (line for line in file if not line.endswith(b"\n") or wanted(line.rstrip(b"\n")))
    return b"".join(deque(lines, maxlen=count))


def tail(
    path: Path,
    count: int,
    *,
    follow: bool,
    wait: Callable[[float], None] = time.sleep,
    wanted: Callable[[bytes], bool] | None = None,
) -> Iterator[bytes]:
    """Yield the last lines of a file, whole, one by one; with `follow` go on for ever.

    Of those that are `wanted`, where not all are. It waits a while for more. Raises OSError where
    it cannot be read at the beginning.
    """
    file: BinaryIO = path.open("rb")
    try:
        rest = last(file, count) if wanted is None else last_wanted(file, count, wanted)
        while True:
            *whole, rest = rest.split(b"\n")
            yield from (line for line in whole if wanted is None or wanted(line))
            if not follow:
                break
            more = file.read(_BLOCK)
            if not more:
                file = _again(path, file)
                wait(PAUSE)
            rest += more
        if rest and (wanted is None or wanted(rest)):
            yield rest
    finally:
        file.close()


def _again(path: Path, file: BinaryIO) -> BinaryIO:
    """Return the file to read on from: from its beginning if it was cut or replaced."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return file
    ours = os.fstat(file.fileno())
    if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
        file.close()
        return path.open("rb")
    if there.st_size < file.tell():
        file.seek(0)
    return file
