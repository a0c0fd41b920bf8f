"""Gates as units of systemd, `pm-runner-gate@ENV-ID.service`; what has a network, or a host, is of another kind.

The daemon may start and stop them by their exact names. How they end is written down by root.
"""

import asyncio

from pmrunnerd.services.gates import PATIENCE, Kind
from pmrunnerd.services.systemctl import Systemctl


class GateUnits:
    """Has the gates of one environment tried by units."""

    name = "systemd"
    hosts = True

    def __init__(self, environment: str, systemctl: Systemctl) -> None:
        self._environment = environment
        self._systemctl = systemctl

    def unit(self, name: str, kind: Kind) -> str:
        """Return the name by which the manager knows a gate."""
        return f"pm-runner-{kind}@{self._environment}-{name}.service"

    async def start(self, name: str, kind: Kind) -> None:
        """Have a gate's unit started. Raises Unavailable."""
        await self._systemctl.start(self.unit(name, kind))

    async def alive(self, name: str, kind: Kind) -> bool:
        """Tell whether its unit is there, or a job of it. Raises Unavailable."""
        return (await asyncio.to_thread(self._systemctl.show, self.unit(name, kind))).is_there

    async def stop(self, name: str, kind: Kind) -> None:
        """Stop it, and return when it is gone and written down. Raises Unavailable, TimeoutError."""
        if await self.alive(name, kind):
            await self._systemctl.stop(self.unit(name, kind), total=PATIENCE)
