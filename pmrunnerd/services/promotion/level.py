"""Of which level a state is: the newest of any commit in its journal, whoever wrote it."""

import os
import re
import stat
from pathlib import Path
from typing import Final

# How each line of a journal begins; a commit of the first level does not say so.
_HEAD: Final = re.compile(rb'\["[0-9a-f]{8}",\{"seq":\d+,"at":"[^"]*"(?:,"level":(\d+))?')
_SEGMENT: Final = re.compile(r"[0-9]{8}\.jsonl")
# The directory is the daemon's: what it put there must not lead us elsewhere, or hold us up.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
FIRST: Final = 1


def of(state: Path) -> int:
    """Return it; a state that is not there yet is of the first. Raises OSError."""
    try:
        names = sorted(os.listdir(state / "journal"))  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return FIRST
    return max(
        (_of(state / "journal" / name) for name in names if _SEGMENT.fullmatch(name)), default=FIRST
    )


def _of(segment: Path) -> int:
    file = os.open(segment, _FLAGS)
    with os.fdopen(file, "rb") as lines:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return FIRST
        found = (_HEAD.match(line) for line in lines)
        return max((int(one[1]) for one in found if one and one[1]), default=FIRST)
