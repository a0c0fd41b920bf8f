"""The crc32 of a segment up to a byte: carried on while the journal grows, compared at a start."""

from collections.abc import Iterator
from typing import Final
from zlib import crc32

from pmrunnerd.store.batch import body
from pmrunnerd.store.failures import damaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.segments import Extent

_CHUNK: Final = 1 << 20


def sum_of(journal: Journal, segment: int, end: int) -> int:
    """Return the sum of a segment up to a byte. Raises OSError."""
    found = 0
    for chunk in _pieces(journal, segment, 0, end):
        found = crc32(chunk, found)
    return found


def grown(journal: Journal, segment: int, before: Extent, end: int, line: int) -> Extent:
    """Return a segment up to a byte, given what it was before its line `line`.

    The sum must not bless what has changed since it was written, so each line that is new is held
    against its own checksum. Raises JournalDamaged with file and line, and OSError.
    """
    sum, size, parts = before.sum, before.size, [b""]
    for chunk in _pieces(journal, segment, before.size, end):
        sum, size = crc32(chunk, sum), size + len(chunk)
        first, *others = chunk.split(b"\n")
        parts.append(first)
        if not others:
            continue
        for one in (b"".join(parts), *others[:-1]):
            if body(one) is None:
                raise damaged(journal.path(segment), line, "is not what was written any more")
            line += 1
        parts = [others[-1]]
    if size < end or any(parts):
        raise damaged(journal.path(segment), line, "is not what was written any more")
    return Extent(before.first, size, sum)


def _pieces(journal: Journal, segment: int, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a segment from one to before another, as far as there are any."""
    while start < end and (chunk := journal.read(segment, start, min(_CHUNK, end - start))):
        yield chunk
        start += len(chunk)
