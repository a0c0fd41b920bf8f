"""Gates as units of systemd, `pm-runner-gate@ENV-ID.service`; what has a network is of another kind.

The daemon may start and stop them by their exact names. How they end is written down by root.
"""

import asyncio

from pmrunnerd.services.gates import PATIENCE
from pmrunnerd.services.systemctl import Systemctl

_KINDS = ("gate", "gatenet")


class GateUnits:
    """Has the gates of one environment tried by units."""

    name = "systemd"

    def __init__(self, environment: str, systemctl: Systemctl) -> None:
        self._environment = environment
        self._systemctl = systemctl

    def unit(self, name: str, *, network: bool = False) -> str:
        """Return the name by which the manager knows a gate."""
        return f"pm-runner-{_KINDS[network]}@{self._environment}-{name}.service"

    async def start(self, name: str, *, network: bool) -> None:
        """Have a gate's unit started. Raises Unavailable."""
        await self._systemctl.start(self.unit(name, network=network))

    async def alive(self, name: str) -> bool:
        """Tell whether one of its units is there; only one can be. Raises Unavailable."""
        for network in (False, True):
            unit = self.unit(name, network=network)
            if (await asyncio.to_thread(self._systemctl.show, unit)).is_there:
                return True
        return False

    async def stop(self, name: str) -> None:
        """Stop it, and return when it is gone and written down. Raises Unavailable, TimeoutError."""
        for network in (False, True):
            unit = self.unit(name, network=network)
            if (await asyncio.to_thread(self._systemctl.show, unit)).is_there:
                await self._systemctl.stop(unit, total=PATIENCE)
