"""What a release remembers of a copied state, written down for whoever compares.

Its daemon does so in a rehearsal, before all else, and `python -m pmrunnerd.recalling STATE FILE`, which `launch recalled`
runs on a journal alone.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.release import RELEASE
from pmrunnerd.services.clock import Clock
from pmrunnerd.store import memories
from pmrunnerd.store.store import Store

# What a daemon starts with, and what comes of the journal from its first line on.
AS_IT_IS: Final = "as-it-is.json"
JOURNAL: Final = "journal.json"


def recall(state: Path, file: Path) -> None:
    """Write down what is remembered of a state. Raises what opening a store raises, and OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    store = Store(state, Clock().now, release=RELEASE)
    try:
        file.write_bytes(memories.encode(store.state))
    finally:
        store.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write it down, and return the exit status: 0, or 1 with the reason said."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.recalling", description=__doc__)
    parser.add_argument("state", type=Path, help="a copy of a state")
    parser.add_argument("file", type=Path, help="where it is written down")
    given = parser.parse_args(arguments)
    try:
        recall(given.state, given.file)
    except (PmError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
