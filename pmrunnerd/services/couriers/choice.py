"""Who carries notifications of an environment: units of systemd, where those hold its runs, or processes."""

from pathlib import Path
from typing import Final

from pmrunnerd.services.couriers import Courier
from pmrunnerd.services.couriers.detached import Detached
from pmrunnerd.services.couriers.units import Units
from pmrunnerd.services.host import Host

LOG: Final = "notify.log"


def choose(host: Host, environment: str, state_directory: Path) -> Courier:
    """Return who carries them where `host` holds runs."""
    return Units(environment) if host.shared else Detached(state_directory / LOG)
