"""Where a `.git` that is a file leads to, as git reads it: a guard and what it guards read the same."""

import os
from typing import Final

_POINTS: Final = b"gitdir: "
_LONG: Final = 8192


def leads(file: int, directory: bytes) -> bytes | None:
    """Return where the open `.git` of a directory leads to; None where git would not follow it."""
    try:
        content = os.read(file, _LONG)
    except OSError:  # a directory
        return None
    if not content.startswith(_POINTS):
        return None
    # Git takes what is before a NUL; and a path may go in circles, which `Path.resolve` does not bear.
    to, _, _ = content.removeprefix(_POINTS).rstrip(b"\r\n").partition(b"\0")
    return os.path.realpath(os.path.join(directory, to))  # noqa: PTH118 - its bytes are a name's
