"""The files of a journal as they lie there: which ones, and their lines, good and bad."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.store import batch
from pmrunnerd.store.durable import BROKEN, Disk
from pmrunnerd.store.failures import JournalDamaged, unreadable_line

_CHUNK: Final = 1 << 20
# What a disk gives or does not give as a whole, in bytes: what the kernel reads at once.
PAGE: Final = 4096
_NAME: Final = re.compile(r"[0-9]{8}\.jsonl")


class Place(NamedTuple):
    """Where a line is: its segment, its first byte, how many bytes with its end."""

    segment: int
    offset: int
    size: int


class Extent(NamedTuple):
    """A segment as far as it is known: its first commit, bytes, and their crc32."""

    first: int
    size: int
    sum: int


class Line(NamedTuple):
    """A line of a segment: its number from 1, first byte, bytes with its end, JSON if it is whole."""

    number: int
    offset: int
    size: int
    json: bytes | None


def path_of(directory: Path, segment: int) -> Path:
    """Return where a segment is."""
    return directory / f"{segment:08}.jsonl"


def numbers(disk: Disk, directory: Path) -> list[int]:
    """Return the numbers of all segments, from 1 on. Raises JournalDamaged if one is missing."""
    there = present(disk, directory)
    for expected, number in enumerate(there, start=1):
        if number != expected:
            raise JournalDamaged(f"cannot read {path_of(directory, expected)}: it is missing")
    return there


def present(disk: Disk, directory: Path) -> list[int]:
    """Return the numbers of the segments that are there, whatever is missing between them."""
    return [int(name[:8]) for name in disk.names(directory) if _NAME.fullmatch(name)]


def read_lines(  # noqa: PLR0913 - what, and then which part of it
    disk: Disk, file: int, path: Path, offset: int = 0, number: int = 1, *, end: int = sys.maxsize
) -> Iterator[Line]:
    """Yield the lines of a segment from a byte on, where line `number` begins.

    What follows the last line end is a line that is not whole. What lies behind the byte `end` is
    not looked at: it may be on its way. Raises JournalDamaged where the disk does not give a line any
    more, or a line does not end.
    """
    at, rest = offset, b""
    # The longer the line that has no end yet, the more is read: what it costs stays linear.
    while True:
        with unreadable_line(path, number):
            chunk = read_near(disk, file, min(max(_CHUNK, len(rest)), end - at), at)
        if not chunk:
            break
        at += len(chunk)
        *ended, rest = (rest + chunk).split(b"\n")
        for line in ended:
            yield Line(number, offset, len(line) + 1, batch.body(line))
            number, offset = number + 1, offset + len(line) + 1
        if len(rest) > batch.LINE_LIMIT:
            raise JournalDamaged(f"cannot read {path}: line {number} does not end")
    if rest:
        yield Line(number, offset, len(rest), None)


def read_near(disk: Disk, file: int, size: int, offset: int) -> bytes:
    """Return bytes as `read_at` does; where the disk does not give all of them, those of one page.

    Raises OSError if it does not give those.
    """
    page = PAGE - offset % PAGE
    try:
        return disk.read_at(file, size, offset)
    except OSError as error:
        if error.errno not in BROKEN or size <= page:
            raise
    return disk.read_at(file, page, offset)
