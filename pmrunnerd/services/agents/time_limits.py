"""The time that a conversation may take, and may be silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Limits
from pmrunnerd.services.agents.protocol import Verdict


class TimeLimits:
    """Both limits of a run. Once one was reached, `verdict` says which."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._silence: asyncio.Timeout | None = None
        self._over = False

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Raise TimeoutError in what is within, where a limit is reached."""
        try:
            async with (
                asyncio.timeout(self._limits.total),
                asyncio.timeout(self._limits.silence) as self._silence,
            ):
                yield
        finally:
            self._over = True

    def heard(self) -> None:
        """Begin to count the silence anew."""
        if self._silence is not None and not (self._over or self._silence.expired()):
            now = asyncio.get_running_loop().time()
            self._silence.reschedule(now + self._limits.silence)

    def verdict(self) -> Verdict:
        """Return which limit ended the run."""
        if self._silence is not None and self._silence.expired():
            why = f"silent for {self._limits.silence:g} s"
            return Verdict(outcome=Outcome.STALLED, reason=why)
        return Verdict(outcome=Outcome.TIMED_OUT, reason=f"not done after {self._limits.total:g} s")
