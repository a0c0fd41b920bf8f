"""What is known of whether agents can be confined here, and how that comes to be known."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pmrunnerd.model.errand import Confine, Confinement
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.views import UNCONFINED
from pmrunnerd.services.errands import Errands

log = logging.getLogger(__name__)

# Seconds until an errand that could not be done is tried again.
AGAIN: Final = 60.0


class Confining:
    """Has an errand look whether a sandbox starts; `found` is what is known of that by now."""

    def __init__(self, errands: Errands, *, unconfined: bool, doors: tuple[str, ...] = ()) -> None:
        """`doors` are the addresses of doors that runs must not reach."""
        self._errands = errands
        self._doors = doors
        self._unconfined = unconfined
        self.found = Confinement(ok=False, known=False, reason="nobody has looked yet")

    @property
    def shown(self) -> str:
        """How agents run, as every page shows it."""
        return self.found.shown(unconfined=self._unconfined)

    async def look(self) -> None:
        """Look once; what keeps us from it is not known to keep agents from being confined."""
        try:
            self.found = await self._errands.do(Confine(doors=self._doors))
        except (PmError, OSError) as exc:
            hint = getattr(exc, "hint", None) or ""
            self.found = Confinement(ok=False, known=False, reason=str(exc), hint=hint)
        if self.shown == UNCONFINED or not self.found.known:
            log.warning("agents run %s: %s", self.shown, self.found.reason)
        if self.found.doors:
            log.warning("agents run with %s", self.shown)

    async def look_until_known(self, tell: Callable[[str], object], again: float = AGAIN) -> None:
        """Look until it is known, and say each time how it is shown then."""
        while not self.found.known:
            await self.look()
            tell(self.shown)
            if not self.found.known:
                await asyncio.sleep(again)
