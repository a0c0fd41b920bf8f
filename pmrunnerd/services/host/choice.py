"""Which of the two holds the runs of an environment: units of systemd, or detached processes."""

from pathlib import Path
from typing import Final

from pmrunnerd.services.host import Host, runs_directory
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.services.host.units import Units

KINDS: Final = (Detached.name, Units.name)


def choose(kind: str, environment: str, state_directory: Path) -> Host:
    """Return the host of that name for the runs of an environment."""
    directory = runs_directory(state_directory)
    return Units(environment, directory) if kind == Units.name else Detached(directory)
