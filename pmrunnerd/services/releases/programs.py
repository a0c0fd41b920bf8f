"""Where the programs of the package are: in a checkout, and where it is installed."""

from pathlib import Path
from typing import Final

import pmrunnerd
from pmrunnerd.model.errors import Unavailable

CODE: Final = Path(pmrunnerd.__file__).resolve().parents[1]
# There is this directory where systemd is the service manager.
BOOTED: Final = Path("/run/systemd/system")
_PLACES: Final = (CODE / "packaging", Path("/usr/lib/pm-runner"))


def program(name: str) -> Path:
    """Return a program of the package. Raises Unavailable."""
    for place in _PLACES:
        if (place / name).is_file():
            return place / name
    raise Unavailable(
        f"cannot make a release: {_PLACES[-1] / name} is not there",
        hint="sudo apt-get install pm-runner   # or run it from a checkout",
    )
