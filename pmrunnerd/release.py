"""Which release this is: what its builder wrote beside it, and of a checkout what it would be."""

import json
from pathlib import Path
from typing import Final

from pmrunnerd import __version__


def release_of(package: Path) -> str:
    """Return the name of the release that a package is of; nothing beside it is believed but its own."""
    lib = package.parent
    try:
        name = json.loads((lib.parent / "release.json").read_text())["id"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""  # a checkout; a damaged release is the launcher's to refuse
    # Whoever put a checkout below something of that name has no release by it.
    return name if name and lib.parent.name == name else f"{__version__}+checkout"


RELEASE: Final = release_of(Path(__file__).resolve().parent)
