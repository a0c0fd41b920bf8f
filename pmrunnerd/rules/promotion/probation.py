"""When a release on trial has proved itself: it answered for so long, without one check that failed.

Its clock begins once its canary is back, too. A restart by a person starts the clock again. What crashes or hangs comes back by itself, by code that is of no
release; here it is only waited for.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

# Seconds that a release may be unwell, on the way up, wait for its canary, or be stopped by a person, before it is sent back.
UNWELL: Final = 10.0
COMING: Final = 60.0
AWAY: Final = 330.0
STOPPED: Final = 600.0


class Unit(StrEnum):
    """What the service manager says of a daemon; one that is `PROVING` is up, and its canary is not back."""

    UP = "up"
    COMING = "coming"
    PROVING = "proving"
    STOPPED = "stopped"
    FAILED = "failed"


class Seen(Struct, frozen=True, kw_only=True):
    """One look: when, which start of the daemon it is, and all that was wrong."""

    at: float
    unit: Unit
    invocation: str = ""
    troubles: tuple[str, ...] = ()


class Watch(Struct, frozen=True, kw_only=True):
    """Since when all is well with one start of the daemon, or since when something is not, and what."""

    invocation: str = ""
    well: float | None = None
    unwell: float | None = None
    kind: Unit = Unit.UP

    def after(self, seen: Seen) -> "Watch":
        """Return what is known after another look."""
        if seen.unit is Unit.UP and not seen.troubles:
            same = self.well is not None and self.invocation == seen.invocation
            return Watch(invocation=seen.invocation, well=self.well if same else seen.at)
        same = self.unwell is not None and self.kind is seen.unit
        return Watch(
            invocation=seen.invocation, unwell=self.unwell if same else seen.at, kind=seen.unit
        )

    def lost(self, seen: Seen) -> str:
        """Say why the release cannot stay; nothing where it may yet be well."""
        lasted = seen.at - (self.unwell if self.unwell is not None else seen.at)
        match seen.unit:
            case Unit.UP if lasted >= UNWELL:
                return "; ".join(seen.troubles)
            case Unit.COMING if lasted >= COMING:
                return f"was not up after {COMING:g} s"
            case Unit.PROVING if lasted >= AWAY:
                return f"its canary was not back after {AWAY:g} s"
            case Unit.FAILED if lasted >= UNWELL:
                return "is down, and does not come up again"
            case Unit.STOPPED if lasted >= STOPPED:
                return "was stopped by somebody before it had proved itself"
        return ""

    def proved(self, seen: Seen, length: float) -> bool:
        """Tell whether it has been well for so many seconds."""
        return self.well is not None and seen.at - self.well >= length
