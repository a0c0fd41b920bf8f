"""The torn end of a journal: what a crash may have left, how it is told from damage, where it goes."""

import logging
import re
from pathlib import Path
from typing import Final

from pmrunnerd.store.aside import set_aside
from pmrunnerd.store.batch import body
from pmrunnerd.store.durable import FULL, Disk

# What a page that was never written leaves; a bit that flips leaves one of them at most.
_HOLE: Final = b"\0" * 512
_START: Final = re.compile(rb'\["[0-9a-f]{8}",\{')
_log: Final = logging.getLogger(__name__)


def is_torn(tail: bytes) -> bool:
    """Tell whether bytes that begin with a bad line are of a group that never became whole.

    A crash leaves a line without its end, and holes where pages of the group were not written; a
    hole has no line end, so it lies in one line. A bad line that ends and has no hole, or a whole
    record further on, means that what was durable has been damaged.
    """
    *ended, last = tail.split(b"\n")
    return all(_HOLE in line for line in ended) and not any(
        body(line[found.start() :]) for line in (*ended, last) for found in _START.finditer(line, 1)
    )


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
    _log.warning("the journal ended in %d torn bytes: %s", len(tail), kept)


def _kept_if_it_fits(disk: Disk, tail: bytes, keep_as: Path) -> str:
    try:
        return str(set_aside(disk, keep_as.parent, keep_as.name, tail))
    except OSError as error:
        if error.errno not in FULL:
            raise
        return f"not kept: {error.strerror}"
