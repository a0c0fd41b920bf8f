"""On what a tool is used, as far as one line says it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

# Characters that a report repeats of what a tool was given, or gave back.
SHORT: Final = 400
# What of a tool's input says on what it was used, the first that is there.
_TARGETS: Final = ("file_path", "command", "pattern", "path", "url", "query", "description")


def target(given: Mapping[str, Any]) -> str:
    """Return on what a tool is used; empty where its input does not say."""
    return next((short(str(given[name])) for name in _TARGETS if given.get(name)), "")


def short(text: str, most: int = SHORT) -> str:
    """Return a text that is at most so long, and shows where something is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"
