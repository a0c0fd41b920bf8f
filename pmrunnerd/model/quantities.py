"""Bytes and seconds as people write them, and as they are told: `64GiB`, `12h`; `72.7 GiB`, `2.5 days`."""

import math
import re
from collections.abc import Mapping
from typing import Final

SIZES: Final[Mapping[str, float]] = {
    "": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_DAY: Final = 86400
TIMES: Final[Mapping[str, float]] = {
    "": 1,
    "s": 1,
    "min": 60,
    "h": 3600,
    **dict.fromkeys(("d", "day", "days"), _DAY),
}
_WRITTEN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", re.ASCII)
# From how much on something is told in a unit.
_SPANS: Final = ((_DAY, "days"), (3600, "h"), (60, "min"))


def number(text: str, units: Mapping[str, float]) -> float | None:
    """Return what is written, in bytes or seconds; None for what is no number with one of the units.

    So many digits that they are no number any more are none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or found[2] not in units:
        return None
    value = float(found[1]) * units[found[2]]
    return value if math.isfinite(value) else None


def size(number_of_bytes: float) -> str:
    """Tell a number of bytes in the largest unit of which there is one."""
    value, unit = float(number_of_bytes), "bytes"
    for name, one in SIZES.items():
        if name and number_of_bytes >= one:
            value, unit = number_of_bytes / one, name
    return f"{_told(value)} {unit}"


def span(seconds: float) -> str:
    """Tell how long something is, in the largest unit of which there is one."""
    for one, name in _SPANS:
        if seconds >= one:
            many = _told(seconds / one)
            return f"{many} {name.removesuffix('s') if many == '1' else name}"
    return f"{_told(seconds)} s"


def _told(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
