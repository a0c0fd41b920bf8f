"""The options that a daemon was started with: `options.json` of a state, for who starts the next one."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Final

import msgspec

FILE: Final = "options.json"
_MOST: Final = 1 << 16
# Options whose value is a path.
_PATHS: Final = ("--config", "--root", "--runs-dir", "--secrets-dir", "--socket", "--state-dir")


def from_anywhere(options: Iterable[str], here: PurePath) -> list[str]:
    """Return options whose paths, which begin in a directory, are found from every other, too."""
    words: list[str] = []
    for word in options:
        name, joined, value = word.partition("=")
        if words and words[-1] in _PATHS:
            words.append(str(here / word))
        elif joined and name in _PATHS:
            words.append(f"{name}={here / value}")
        else:
            words.append(word)
    return words


def encode(options: Sequence[str]) -> bytes:
    """Return the file's content; `--detach` is said anew each time."""
    return msgspec.json.encode([word for word in options if word != "--detach"]) + b"\n"


def decode(data: bytes) -> tuple[str, ...]:
    """Return the options; none where that is no such file."""
    try:
        return msgspec.json.decode(data, type=tuple[str, ...]) if len(data) <= _MOST else ()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
