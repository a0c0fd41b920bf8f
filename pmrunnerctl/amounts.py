"""Numbers of things and of bytes, as people say them."""

from typing import Final

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_LEAST: Final = 0.0001


def count(number: int, what: str) -> str:
    """Say how many there are of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def dollars(amount: float) -> str:
    """Say an amount of US dollars: to the cent, and less than one to its hundredths."""
    if 0 < amount < _LEAST:
        return f"less than ${_LEAST}"
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def cost(amount: float, limit: float) -> str:
    """Say what something has cost, and what it may, where that is limited; empty for nothing."""
    return dollars(amount) + (f" of {dollars(limit)}" if limit else "") if amount else ""


def size(number: int) -> str:
    """Say a number of bytes."""
    value, unit = float(number), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{number} bytes"
