"""The files of a journal as they lie there: which ones, and their lines, good and bad."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.store import batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged

_CHUNK: Final = 1 << 20
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
    not looked at: it may be on its way.
    """
    at, rest = offset, b""
    # The longer the line that has no end yet, the more is read: what it costs stays linear.
    while chunk := disk.read_at(file, min(max(_CHUNK, len(rest)), end - at), at):
        at += len(chunk)
        *ended, rest = (rest + chunk).split(b"\n")
        for line in ended:
            yield Line(number, offset, len(line) + 1, batch.body(line))
            number, offset = number + 1, offset + len(line) + 1
        if len(rest) > batch.LINE_LIMIT:
            raise JournalDamaged(f"cannot read {path}: line {number} does not end")
    if rest:
        yield Line(number, offset, len(rest), None)
