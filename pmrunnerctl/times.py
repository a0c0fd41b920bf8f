"""Times for people: how long ago, and when on the clock on their wall."""

from datetime import UTC, datetime, tzinfo
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_JUST_NOW: Final = 5
# Clocks that differ by less, in seconds, tell no future.
_SKEW: Final = 60


def parse(at: str) -> datetime | None:
    """Return a time as the daemon spells it; None for what is no time."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def span(seconds: float) -> str:
    """Spell how long something took, in its largest unit: `3 min`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


def ago(at: str, now: datetime) -> str:
    """Spell how long ago a time was, or will be: `3 min ago`, `in 2 d`; what is no time stays as it is."""
    then = parse(at)
    if then is None:
        return at
    seconds = (now - then).total_seconds()
    if seconds < -_SKEW:
        return f"in {span(-seconds)}"
    return "just now" if seconds < _JUST_NOW else f"{span(seconds)} ago"


def clock(at: str, now: datetime, zone: tzinfo | None = None) -> str:
    """Spell a time in the local zone, with its date unless it is today's: `12:30:05 CET`."""
    then = parse(at)
    if then is None:
        return at
    there = then.astimezone(zone)
    day = "" if there.date() == now.astimezone(zone).date() else f"{there:%Y-%m-%d} "
    return f"{day}{there:%H:%M:%S %Z}"


def took(began: str, ended: str) -> str:
    """Spell how long it was from one time to another; nothing where one is unknown."""
    first, last = parse(began), parse(ended)
    if first is None or last is None:
        return ""
    return span((last - first).total_seconds())
