"""Text as it stands in a terminal: how wide it is, cut to fit, and harmless."""

import re
import unicodedata
from typing import Final

# What may not reach a terminal from somebody else's text: controls, and marks that turn the
# direction of writing around. Colours (SGR) are let through where output is shown as it is.
_HARMFUL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_COLOUR: Final = re.compile(r"(\x1b\[[0-9;:]*m)")


def width(text: str) -> int:
    """Return how many columns a line of text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def cut(text: str, columns: int) -> str:
    """Return as much of a line as fits, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept, room = [], columns - 1
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def wrapped(text: str, columns: int) -> list[str]:
    """Return a line of text as the lines that it takes; a word that is too wide stays whole."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def clean(text: str) -> str:
    """Return text whose control characters are spelt out; new lines and tabs stay."""
    return _HARMFUL.sub(_spelt, text)


def one_line(text: str) -> str:
    """Return text for a cell of a table."""
    return clean(" ".join(text.split()))


def coloured(text: str) -> str:
    """Return text that keeps its colours and spells out all other control characters."""
    parts = _COLOUR.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(part if _COLOUR.fullmatch(part) else clean(part) for part in parts)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _spelt(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004
