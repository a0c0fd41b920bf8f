"""What a release remembers of a copied state, written down in a rehearsal before anything is done with it.

Twice: as it would start here, from the snapshot that another release left, and from the journal alone. The daemon
itself then starts from the snapshot that this has made.
"""

from pathlib import Path
from typing import Final

from pmrunnerd.release import RELEASE
from pmrunnerd.services.clock import Clock
from pmrunnerd.store import memories, snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store

# Names of files, and how each was come by.
AS_IT_IS: Final = "as-it-is.json"
JOURNAL: Final = "journal.json"


def recall(state: Path, into: Path) -> None:
    """Write down in a directory what is remembered of a state. Raises what opening a store raises, and OSError."""
    into.mkdir(parents=True, exist_ok=True)
    for name in (AS_IT_IS, JOURNAL):
        if name == JOURNAL:
            snapshot.retract(Disk(), state)
        store = Store(state, Clock().now, release=RELEASE)
        try:
            (into / name).write_bytes(memories.encode(store.state))
        finally:
            store.close()
