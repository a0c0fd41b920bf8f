"""Identifiers of requests: what a client makes, and when, so that an old one can be told from a new.

A version 7 UUID (RFC 9562) begins with the time at which it was made; so does
`$(date +%s%3N)-anything`, for a shell. Any other text serves too, and says no time.
"""

import re
from typing import Final

_TIMED: Final = re.compile(
    r"(?P<hex>[0-9a-f]{8}-[0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|(?P<decimal>[0-9]{13})-.+",
    re.ASCII | re.IGNORECASE,
)
_RANDOM: Final = 10


def make(milliseconds: int, chance: bytes) -> str:
    """Return a new identifier, a version 7 UUID: of the time since 1970, and ten bytes of chance."""
    bits = int.from_bytes(chance[:_RANDOM], "big")
    tail = bits & ((1 << 62) - 1)
    value = milliseconds << 80 | 7 << 76 | (bits >> 62 & 0xFFF) << 64 | 0b10 << 62 | tail
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def made_at(identifier: str) -> int | None:
    """Return when an identifier was made, in milliseconds since 1970; None where it does not say."""
    found = _TIMED.fullmatch(identifier)
    if found is None:
        return None
    if found["hex"]:
        return int(found["hex"].replace("-", ""), 16)
    return int(found["decimal"])
