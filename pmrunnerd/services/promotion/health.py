"""Whether a daemon is well: what its doors say, and what the checks say that an administrator has for it."""

from pmrunnerd.model.views import Canary
from pmrunnerd.services.promotion.checks import Checks
from pmrunnerd.services.promotion.doors import Doors


class Health:
    """Of the daemon of one environment."""

    def __init__(self, doors: Doors, checks: Checks) -> None:
        self._doors, self._checks = doors, checks

    async def troubles(self, release: str) -> tuple[str, ...]:
        """Return what is wrong at the doors, where a release is to answer."""
        return await self._doors.troubles(release)

    @property
    def canary(self) -> Canary | None:
        """What is known of its canary since then; None where it has none."""
        return self._doors.canary

    async def release(self) -> str:
        """Return which release answers."""
        return await self._doors.release()

    async def checked(self) -> tuple[str, ...]:
        """Return which of the administrator's checks failed that have to hold."""
        return await self._checks.failed()
