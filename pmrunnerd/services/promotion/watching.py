"""Watches a daemon: a release on trial until it has proved itself, and the one before it until it is well again."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.rules.promotion.probation import UNWELL, Seen, Unit, Watch
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion.doors import brief
from pmrunnerd.services.promotion.units import Look

# Seconds between two looks, and until a release has to be back.
PAUSE: Final = 0.5
SHORTEST: Final = 0.05
BACK: Final = 60.0


class Hands(Protocol):
    """How a daemon is looked at and started again."""

    async def restart(self) -> str: ...
    async def look(self) -> Look: ...


class Health(Protocol):
    """Whether a daemon is well: by its doors, and by what an administrator has put beside them."""

    async def troubles(self, release: str) -> tuple[str, ...]: ...
    @property
    def canary(self) -> Canary | None: ...
    async def release(self) -> str: ...
    async def checked(self) -> tuple[str, ...]: ...


class Probation(Struct, frozen=True, kw_only=True):
    """What there is to know of a release on trial.

    `on_trial` tells whether it still is, `has_a_try` whether it is down by somebody else's doing; `well` is told once
    all of it was well for the first time. One that `owes_a_canary` cannot do without.
    """

    release: str
    length: float
    on_trial: Callable[[], bool]
    has_a_try: Callable[[], bool]
    well: Callable[[], None]
    owes_a_canary: bool = False


class Watcher:
    """Looks again and again."""

    def __init__(self, hands: Hands, health: Health, clock: Clock, *, pause: float = PAUSE) -> None:
        self._hands, self._health, self._clock = hands, health, clock
        self._pause = pause

    async def proved(self, probation: Probation) -> str | None:
        """Return nothing once it has proved itself, why it cannot stay, or None where it is on trial no more."""
        watch = Watch(unwell=self._clock.monotonic())
        was_well = is_sound = False
        pauses = self._pauses()
        while probation.on_trial():
            seen = await self._seen(probation)
            is_due = watch.after(seen).proved(seen, probation.length)
            if watch.after(seen).well is not None and (is_due or not is_sound):
                seen = replace(seen, troubles=await self._health.checked())
                is_sound = not seen.troubles
                if is_sound and not was_well:
                    was_well = True
                    probation.well()
                if is_sound and is_due:
                    return ""
            watch = watch.after(seen)
            if why := watch.lost(seen):
                return why
            longest = self._pause if was_well else next(pauses)
            await asyncio.sleep(min(longest, max(probation.length / 4, SHORTEST)))
        return None

    def _pauses(self) -> Iterator[float]:
        """Yield how long to wait until the next look: who has just been started may be up in a moment."""
        pause = SHORTEST
        while True:
            yield min(pause, self._pause)
            pause *= 2

    async def _seen(self, probation: Probation) -> Seen:
        at = self._clock.monotonic()
        try:
            look = await self._hands.look()
        except (PmError, TimeoutError) as exc:
            return Seen(at=at, unit=Unit.UP, troubles=(str(exc),))
        unit = look.unit
        if unit is Unit.FAILED and probation.has_a_try():
            unit = Unit.STOPPED  # by a configuration that a person has to mend
        troubles = await self._health.troubles(probation.release) if unit is Unit.UP else ()
        if unit is Unit.UP and not troubles:
            unit, troubles = _flown(self._health.canary, is_owed=probation.owes_a_canary)
        return Seen(at=at, unit=unit, invocation=look.invocation, troubles=troubles)

    async def back(self, release: str) -> str | None:
        """Return nothing once a release is well, why it is not, or None where somebody stopped it.

        What failed, or still runs another one, is started again, once.
        """
        now = up = self._clock.monotonic()
        until, restarted = now + BACK, False
        pauses = self._pauses()
        troubles: tuple[str, ...] = ("it is down",)
        while (now := self._clock.monotonic()) < until:
            look = await self._hands.look()
            up = up if look.unit is Unit.STOPPED else now
            # Not at once: what systemd starts for one that failed has it forgotten, and then started.
            if now - up >= UNWELL and not restarted:
                return None
            if look.unit is Unit.UP:
                troubles = await self._health.troubles(release) or await self._health.checked()
                if not troubles:
                    return ""
            if not restarted and await self._wants_a_start(look, release):
                restarted = True
                await self._hands.restart()
            else:
                await asyncio.sleep(next(pauses))
        return "; ".join(troubles)

    async def _wants_a_start(self, look: Look, release: str) -> bool:
        if look.unit is Unit.UP:
            return await self._health.release() != release
        return look.unit is Unit.FAILED


def _flown(canary: Canary | None, *, is_owed: bool) -> tuple[Unit, tuple[str, ...]]:
    """Return how one is that answers, by what became of its canary."""
    if canary is None:
        return Unit.UP, ("it has sent no canary",) if is_owed else ()
    match canary.flight:
        case Flight.UNDER_WAY:
            return Unit.PROVING, ()
        case Flight.LOST:
            return Unit.UP, (f"its canary is lost: {brief(canary.why)}",)
        case Flight.BACK:
            return Unit.UP, ()
