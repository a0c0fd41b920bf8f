"""Where the programs of the package are: in a checkout, beside the releases, and where it is installed."""

from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.releases import shelf

# There is this directory where systemd is the service manager.
BOOTED: Final = Path("/run/systemd/system")


def program(name: str, code: Path = shelf.CODE) -> Path:
    """Return a program of the package that some code is of. Raises Unavailable."""
    places = shelf.programs(code)
    for place in places:
        if (place / name).is_file():
            return place / name
    raise Unavailable(
        f"cannot make a release: {places[-1] / name} is not there",
        hint="sudo apt-get install pm-runner   # or run it from a checkout",
    )
