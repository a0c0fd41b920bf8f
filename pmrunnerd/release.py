"""Which release this is: what its builder wrote beside it, and of a checkout what it would be."""

import json
from pathlib import Path
from typing import Final

from pmrunnerd import __version__

_CHECKOUT: Final = "+checkout"


def release_of(package: Path) -> str:
    """Return the name of the release that a package is of; nothing beside it is believed but its own."""
    lib = package.parent
    try:
        name = json.loads((lib.parent / "release.json").read_text())["id"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""  # a checkout; a damaged release is the launcher's to refuse
    # Whoever put a checkout below something of that name has no release by it.
    return name if name and lib.parent.name == name else f"{__version__}{_CHECKOUT}"


def level_before(package: Path) -> int | None:
    """Return the newest level of a state that the release reads to which the one of a package may have to give way.

    None where there is none that could run.
    """
    if release_of(package).endswith(_CHECKOUT):
        return None
    previous = package.parents[3] / "previous" / "release.json"
    try:
        return max(int(json.loads(previous.read_text())["level"]), 1)
    except (OSError, ValueError, KeyError, TypeError):
        return None


HERE: Final = Path(__file__).resolve().parent
RELEASE: Final = release_of(HERE)
