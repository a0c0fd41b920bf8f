"""Reads a journal from its first line to its last, and believes nothing that it has not checked."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, TooNew, damaged, unreadable_line
from pmrunnerd.store.levels import CURRENT, Levels, NewerLevel
from pmrunnerd.store.segments import Extent, Line, Place, numbers, path_of, read_lines
from pmrunnerd.store.tail import is_torn


class End(NamedTuple):
    """Where a journal ends: its last segment (0: there is none), and what is torn there."""

    segment: int
    tail: bytes


def replay(  # noqa: PLR0913 - where, and then what is known of it
    disk: Disk,
    directory: Path,
    at_least: int,
    known: Sequence[Extent] = (),
    seq: int = 0,
    levels: Levels = CURRENT,
) -> Generator[tuple[Batch, Place], None, End]:
    """Yield every commit and return where the journal ends. Changes nothing.

    `at_least` is a commit that it is known to have reached; `known` are its segments as far as
    commit `seq`, which need not be read again. Raises JournalDamaged if it is not what was made
    durable, naming file and line, and TooNew for what a newer release wrote.
    """
    segments = numbers(disk, directory)
    tail, following = b"", 1
    for segment in segments[max(len(known) - 1, 0) :]:
        path = path_of(directory, segment)
        here = known[segment - 1] if segment <= len(known) else Extent(seq + 1, 0, 0)
        following = seq - here.first + 2
        for line in _lines(disk, path, here.size, following):
            if line.json is None:
                tail = _torn(disk, path, line, seq + 1, last=segment == segments[-1])
                break
            batch = _decode(path, line, line.json, seq + 1, levels)
            seq, following = batch.seq, line.number + 1
            yield batch, Place(segment, line.offset, line.size)
    if seq < at_least:
        end = f"the journal ends at commit {seq}, and {at_least} was durable"
        if not segments:
            raise JournalDamaged(f"cannot read {directory}: {end}")
        raise damaged(path_of(directory, segments[-1]), following, f"is missing: {end}")
    return End(segments[-1] if segments else 0, tail)


def _lines(disk: Disk, path: Path, offset: int, number: int) -> Iterator[Line]:
    file = disk.open(path, "read")
    try:
        yield from read_lines(disk, file, path, offset, number)
    finally:
        disk.close(file)


def _decode(path: Path, line: Line, json: bytes, expected: int, levels: Levels) -> Batch:
    try:
        batch = lines.decode(json, levels)
    except NewerLevel as newer:
        raise TooNew.line(path, line.number, newer.level, levels.newest) from newer
    except msgspec.DecodeError as error:
        raise damaged(path, line.number, f"is malformed: {error}") from error
    if batch.seq != expected:
        why = f"is commit {batch.seq} where {expected} was expected"
        raise damaged(path, line.number, why)
    return batch


def _torn(disk: Disk, path: Path, line: Line, seq: int, *, last: bool) -> bytes:
    """Return what follows the last whole line, if only a crash can have left it there."""
    file = disk.open(path, "read")
    try:
        left = disk.size(file) - line.offset
        if last and left <= lines.LINE_LIMIT:
            with unreadable_line(path, line.number):
                tail = disk.read_all(file, left, line.offset)
            if is_torn(tail, line.offset, seq):
                return tail
    finally:
        disk.close(file)
    raise damaged(path, line.number, "does not match its checksum")
