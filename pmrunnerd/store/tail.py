"""The torn end of a journal: what a crash may have left, how it is told from damage, where it goes."""

import logging
import re
from pathlib import Path
from typing import Final

from pmrunnerd.store.aside import set_aside
from pmrunnerd.store.batch import body
from pmrunnerd.store.durable import FULL, Disk

_START: Final = re.compile(rb'\["[0-9a-f]{8}",\{')
_log: Final = logging.getLogger(__name__)


def is_torn(tail: bytes) -> bool:
    """Tell whether bytes that begin with a bad line are one record that never became whole.

    A crash leaves the beginning of a record, or nothing of it but its length. A line end anywhere
    but at the end, or a whole record further on, means that what was durable has been damaged.
    """
    if b"\n" in tail[:-1]:
        return False
    line = tail.removesuffix(b"\n")
    return not any(body(line[found.start() :]) for found in _START.finditer(line, 1))


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
