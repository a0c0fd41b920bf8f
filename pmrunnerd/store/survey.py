"""Reads a journal that may be damaged, to its end: every line that is there, good or bad."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import LINE_LIMIT, Batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, TooNew
from pmrunnerd.store.levels import CURRENT, NewerLevel
from pmrunnerd.store.salvage import Salvage
from pmrunnerd.store.segments import Line, path_of, read_lines
from pmrunnerd.store.tail import is_torn

# As much of a bad line as is looked at for what it once said, in bytes.
_LOOK: Final = 64 << 10


class Found(NamedTuple):
    """A line that is there. Without a batch it is bad, `why` says so, `raw` is its beginning.

    `torn` means that a crash may have left it and all that follows: nobody was promised it.
    """

    line: int
    offset: int
    size: int
    batch: Batch | None = None
    why: str = ""
    raw: bytes = b""
    torn: bool = False


def survey(disk: Disk, directory: Path, segment: int, seq: int, *, last: bool) -> Iterator[Found]:
    """Yield every line of a segment as far as it reaches now; a torn end of the last one is one.

    `seq` is the last commit before the segment. Raises TooNew: what we cannot read is not damage.
    """
    path = path_of(directory, segment)
    disk = Salvage(disk)
    file = disk.open(path)
    try:
        end, at, number = disk.size(file), 0, 0
        try:
            for line in read_lines(disk, file, path, end=end):
                if last and _is_torn_from(disk, file, line, end, seq + 1):
                    yield Found(line.number, line.offset, end - line.offset, torn=True)
                    return
                found = _found(disk, file, path, line)
                seq = found.batch.seq if found.batch else seq
                yield found
                at, number = line.offset + line.size, line.number
        except JournalDamaged:
            yield Found(number + 1, at, end - at, why="does not end")
    finally:
        disk.close(file)


def look(disk: Disk, file: int, offset: int, size: int) -> bytes:
    """Return the beginning of a line."""
    return disk.read_all(file, min(size, _LOOK), offset)


def _found(disk: Salvage, file: int, path: Path, line: Line) -> Found:
    gone = disk.why(line.offset, line.offset + line.size)
    why = f"cannot be read: {gone}" if gone else "does not match its checksum"
    if line.json is not None:
        try:
            return Found(line.number, line.offset, line.size, lines.decode(line.json))
        except NewerLevel as newer:
            raise TooNew.line(path, line.number, newer.level, CURRENT.newest) from newer
        except msgspec.DecodeError as error:
            why = f"is malformed: {error}"
    raw = look(disk, file, line.offset, line.size)
    return Found(line.number, line.offset, line.size, why=why, raw=raw)


def _is_torn_from(disk: Salvage, file: int, line: Line, end: int, seq: int) -> bool:
    if line.json is not None or end - line.offset > LINE_LIMIT:
        return False
    # A bad line that has its end and no hole cannot be torn; to say so costs that line alone.
    own = disk.read_all(file, line.size, line.offset)
    if own.endswith(b"\n") and not is_torn(own, line.offset, seq):
        return False
    tail = disk.read_all(file, end - line.offset, line.offset)
    # What cannot be read may have been promised.
    return not disk.why(line.offset, end) and is_torn(tail, line.offset, seq)
