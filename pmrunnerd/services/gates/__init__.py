"""What tries gates: something that outlives us, is known by names, and is believed only where it was written down."""

from enum import StrEnum
from typing import Final, Protocol

PATIENCE: Final = 20.0
"""Seconds that what is killed may take until nothing of it is left."""


class Kind(StrEnum):
    """A gate, one with a network, one with a host of its own, and what makes what gates need."""

    GATE = "gate"
    NETWORK = "gatenet"
    HOST = "gatehost"
    PREPARE = "prepare"


class Trier(Protocol):
    """Has gates tried, finds and stops them, each by its recorded name and nothing else."""

    name: str
    hosts: bool
    """Whether it can boot a host for a gate."""

    async def start(self, name: str, kind: Kind) -> None:
        """Have a gate tried whose order is written. Raises Unavailable, OSError."""

    async def alive(self, name: str, kind: Kind) -> bool:
        """Tell whether something of it runs, or is about to. Raises Unavailable, OSError."""

    async def stop(self, name: str, kind: Kind) -> None:
        """Kill all of it, and return when that is written down, or nobody is there to do so. Raises Unavailable, TimeoutError."""
