"""A line of JSON as an agent says it, or as a transcript has it, made of text that can be said on. Pure."""

import json
from typing import Any


def read(line: bytes) -> Any:
    """Return what a line says; half a character becomes a mark in its place. Raises ValueError."""
    try:
        # Half a character is allowed in JSON, and nowhere else.
        return _whole(json.loads(line.decode(errors="replace")))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _whole(said: Any) -> Any:
    match said:
        case str():
            return said if said.isascii() else _whole_text(said)
        case list():
            return [_whole(one) for one in said]
        case dict():
            return {_whole(name): _whole(one) for name, one in said.items()}
    return said


def _whole_text(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
