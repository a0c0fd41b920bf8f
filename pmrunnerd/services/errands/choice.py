"""Who does the errands of a daemon: itself, or units, where those hold its runs."""

from pathlib import Path

from pmrunnerd.services.errands import Errands
from pmrunnerd.services.host import Host


def choose(host: Host, directory: Path) -> Errands:
    """Return who does errands where `host` holds runs, whose directories are in `directory`."""
    if host.shared:
        from pmrunnerd.services.errands.units import Units  # noqa: PLC0415 - few have them

        return Units(host, directory)
    # A daemon that is sealed knows nothing of what starts sandboxes and git: it could not use it.
    from pmrunnerd.services.errands.here import Here  # noqa: PLC0415

    return Here()
