"""Text of somebody else, cut to what we keep of it. Sizes are bytes of UTF-8."""

from hashlib import sha256
from typing import Final

REASON: Final = 4 << 10
FINDING: Final = 1 << 10
RESULT: Final = 64 << 10
_MARK: Final = 24  # digits of a digest; nobody finds two texts with the same


def cut(text: str, most: int) -> str:
    """Return a text of at most so many bytes, with an ellipsis where something is missing."""
    return text if _fits(text, most) else _beginning(text, most - len("…".encode())) + "…"


def told_apart(text: str, most: int) -> str:
    """Return a text cut as `cut` does, which no other text with the same beginning becomes."""
    if _fits(text, most):
        return text
    end = f"… [{digest(text)}]"
    return _beginning(text, most - len(end.encode())) + end


def digest(text: str) -> str:
    """Return what tells a text from any other."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_MARK]


def _fits(text: str, most: int) -> bool:
    return len(text) <= most and len(_encoded(text)) <= most


def _beginning(text: str, most: int) -> str:
    return _encoded(text[:most])[:most].decode(errors="ignore")


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")
