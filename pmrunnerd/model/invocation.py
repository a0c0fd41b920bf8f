"""The options that a daemon was started with: `options.json` of a state, for who starts the next one."""

from collections.abc import Sequence
from typing import Final

import msgspec

FILE: Final = "options.json"
_MOST: Final = 1 << 16


def encode(options: Sequence[str]) -> bytes:
    """Return the file's content; `--detach` is said anew each time."""
    return msgspec.json.encode([word for word in options if word != "--detach"]) + b"\n"


def decode(data: bytes) -> tuple[str, ...]:
    """Return the options; none where that is no such file."""
    try:
        return msgspec.json.decode(data, type=tuple[str, ...]) if len(data) <= _MOST else ()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
