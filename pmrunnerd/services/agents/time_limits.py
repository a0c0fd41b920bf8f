"""The time that a conversation may take, and may be silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.spec import Limits
from pmrunnerd.services.agents.protocol import Verdict


class TimeIsUp(TimeoutError):
    """A limit was reached. Any other TimeoutError is some system call's."""


class TimeLimits:
    """Both limits of a run. Once one was reached, `verdict` says which."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._total: asyncio.Timeout | None = None
        self._silence: asyncio.Timeout | None = None
        self._over = False

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Cancel what is within where a limit is reached, and raise TimeIsUp."""
        try:
            async with (
                asyncio.timeout(self._limits.total) as self._total,
                asyncio.timeout(self._limits.silence) as self._silence,
            ):
                yield
        except TimeoutError as exc:
            if _is_up(self._total) or _is_up(self._silence):
                raise TimeIsUp from exc
            raise
        finally:
            self._over = True

    def heard(self) -> None:
        """Begin to count the silence anew."""
        if self._silence is not None and not (self._over or self._silence.expired()):
            now = asyncio.get_running_loop().time()
            self._silence.reschedule(now + self._limits.silence)

    def verdict(self) -> Verdict:
        """Return which limit ended the run."""
        if _is_up(self._silence):
            why = f"silent for {self._limits.silence:g} s"
            return Verdict(outcome=Outcome.STALLED, reason=why)
        return Verdict(outcome=Outcome.TIMED_OUT, reason=f"not done after {self._limits.total:g} s")


def _is_up(limit: asyncio.Timeout | None) -> bool:
    return limit is not None and limit.expired()
