"""Errands that the daemon does itself: who runs it is whose the workspaces are."""

import asyncio
import os
from collections.abc import Callable
from io import BufferedReader
from typing import Final

from pmrunnerd.model.errand import A, Errand
from pmrunnerd.services import leftovers
from pmrunnerd.services.errands import Cargo, deeds, never
from pmrunnerd.store.durable import Disk

# A file without a name: nothing of it is left, however we end.
_UNNAMED: Final = os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC


class Here:
    """Does each errand in this process, with a sandbox of its own where it starts something."""

    sealed = False

    def __init__(self, disk: Disk | None = None) -> None:
        self._disk = disk or Disk()

    async def do(
        self,
        errand: Errand[A],
        *,
        secret: str = "",
        enough: Callable[[], bool] = never,
        cargo: Cargo | None = None,
    ) -> A:
        """Do it now. Raises PmError, OSError."""
        if cargo is None:
            return await deeds.do(errand, secret=secret, enough=enough, disk=self._disk)
        with _open(cargo) as file:
            answer = await deeds.do(errand, enough=enough, cargo=file.fileno())
            file.seek(0)
            await asyncio.to_thread(cargo.take, file)
        return answer

    async def clear_abandoned(self) -> None:
        """End what is left of daemons that were killed in the middle of an errand."""
        await leftovers.clear_abandoned()


def _open(cargo: Cargo) -> BufferedReader:
    return open(os.open(cargo.beside, _UNNAMED, 0o600), "rb")  # noqa: PTH123 - it has no name
