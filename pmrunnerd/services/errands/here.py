"""Errands that the daemon does itself: who runs it is whose the workspaces are."""

from collections.abc import Callable

from pmrunnerd.model.errand import A, Errand
from pmrunnerd.services import leftovers
from pmrunnerd.services.errands import deeds, never
from pmrunnerd.store.durable import Disk


class Here:
    """Does each errand in this process, with a sandbox of its own where it starts something."""

    sealed = False

    def __init__(self, disk: Disk | None = None) -> None:
        self._disk = disk or Disk()

    async def do(
        self, errand: Errand[A], *, secret: str = "", enough: Callable[[], bool] = never
    ) -> A:
        """Do it now. Raises PmError, OSError."""
        return await deeds.do(errand, secret=secret, enough=enough, disk=self._disk)

    async def clear_abandoned(self) -> None:
        """End what is left of daemons that were killed in the middle of an errand."""
        await leftovers.clear_abandoned()
