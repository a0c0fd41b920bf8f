"""Which session of its own an agent goes on with: remembered beside what the agent itself can write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

_NOTE: Final = "acp-session"
_LONGEST: Final = 4096


def remembered(directory: Path, earlier: Sequence[Path]) -> str:
    """Return the latest one that a run remembered; empty for none.

    `directory` is the run's `agent` directory, `earlier` are those of the runs before it.
    """
    for place in (directory, *reversed(earlier)):
        try:
            with (place / _NOTE).open(encoding="utf-8") as file:
                found = file.read(_LONGEST)
        except (OSError, UnicodeDecodeError):
            continue
        if found:
            return found
    return ""


def remember(directory: Path, name: str) -> None:
    """Take note of a session. Raises OSError."""
    (directory / _NOTE).write_text(name, encoding="utf-8")
