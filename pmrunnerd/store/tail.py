"""The torn end of a journal: what a crash may have left, how it is told from damage, where it goes."""

import logging
import re
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.store.aside import set_aside
from pmrunnerd.store.batch import body
from pmrunnerd.store.durable import FULL, Disk

_SECTOR: Final = 512
_ZEROS: Final = re.compile(rb"\0+")
_START: Final = re.compile(rb'\["[0-9a-f]{8}",\{')
log: Final = logging.getLogger(__name__)


class _Claim(Struct, frozen=True):
    """What a whole line says of itself: its commit, and the last one that was durable then."""

    seq: int
    mark: int | None = None


_claims: Final = msgspec.json.Decoder(_Claim)


def is_torn(tail: bytes, offset: int, seq: int) -> bool:
    """Tell whether bytes that begin with a bad line are of groups that never became durable.

    They begin at a byte `offset` of their file, where commit `seq` should be. A crash leaves a line
    without its end, and holes: sectors that were not written, as far as they are of the tail. Whole
    lines may follow a hole, if they were made before commit `seq` was durable, as their mark says.
    Anything else means that what was durable has been damaged.
    """
    holes = _holes(tail, offset)
    at = 0
    *ended, _ = tail.split(b"\n")
    for line in ended:
        end = at + len(line)
        whole = (body(line[found.start() :]) for found in _START.finditer(line))
        if any(json is not None and _was_durable(json, seq) for json in whole):
            return False
        if body(line) is None and not _meets(holes, at, end):
            return False
        at = end + 1
    return True


def _was_durable(json: bytes, seq: int) -> bool:
    """Tell whether a whole line shows that a commit before it was durable when it was made."""
    claim = _claims.decode(json)
    return claim.mark is None or claim.mark >= seq or claim.seq <= seq


def _holes(tail: bytes, offset: int) -> list[tuple[int, int]]:
    """Return the runs of zeros that cover what is in the tail of at least one sector."""
    found = []
    for zeros in _ZEROS.finditer(tail):
        start, end = zeros.span()
        sector = start if start == 0 else start + -(start + offset) % _SECTOR
        following = sector + _SECTOR - (sector + offset) % _SECTOR
        if sector < end and min(following, len(tail)) <= end:
            found.append((start, end))
    return found


def _meets(holes: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(hole < end and start < until for hole, until in holes)


def cut(disk: Disk, file: int, tail: bytes, keep_as: Path) -> None:
    """Keep the tail of a segment under a name, then cut it off; the sync is the caller's.

    On a full disk the cut comes first, to make room. If there is none even so, the tail is gone:
    nothing in it was ever acknowledged, and what was must stay readable.
    """
    whole = disk.size(file) - len(tail)
    try:
        kept = str(set_aside(disk, keep_as.parent, keep_as.name, tail))
        disk.truncate(file, whole)
    except OSError as error:
        if error.errno not in FULL:
            raise
        disk.truncate(file, whole)
        kept = _kept_if_it_fits(disk, tail, keep_as)
    log.warning("the journal ended in %d torn bytes: %s", len(tail), kept)


def _kept_if_it_fits(disk: Disk, tail: bytes, keep_as: Path) -> str:
    try:
        return str(set_aside(disk, keep_as.parent, keep_as.name, tail))
    except OSError as error:
        if error.errno not in FULL:
            raise
        return f"not kept: {error.strerror}"
