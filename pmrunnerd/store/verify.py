"""Says whether a state can be believed, without keeping anybody from it."""

import contextlib
from pathlib import Path

import msgspec

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.upkeep import Finding, Verified
from pmrunnerd.store import lock
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.believe import proven
from pmrunnerd.store.caches import check_caches
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.mending import Mending
from pmrunnerd.store.swap import is_intended


def verify(disk: Disk, directory: Path, *, at: str, release: str) -> Verified:
    """Check every line of a state's journal: checksum, number, facts, and that they follow.

    Then check what was made from it; if that is wrong and no daemon has the state, the snapshot is
    taken away, and nothing else is ever changed. A daemon may go on writing: what comes after a
    segment's size as first seen is left out. Raises NotFound where there is no state, TooNew where a
    newer release wrote it, and Refused in the middle of a restore.
    """
    check_there(disk, directory)
    journal = _verify_journal(disk, directory)
    caches = check_caches(disk, directory) if journal.sound else []
    if journal.sound and not lock.is_whole(disk, directory / "lock"):
        where = str(directory / "lock")
        caches.append(Finding(file=where, line=0, why="does not match its checksum"))
    return msgspec.structs.replace(
        journal,
        sound=journal.sound and not caches,
        caches=tuple(caches),
        retracted=bool(caches) and _retract(disk, directory, at, release),
    )


def _verify_journal(disk: Disk, directory: Path) -> Verified:
    # First these two, then the journal: the other way round, a daemon could be ahead of what we saw.
    at_least = max(lock.seen(disk, directory / "lock"), snapshots.reached(disk, directory))
    found = Mending(disk, directory / "journal", at_least)
    return Verified(
        sound=not found.findings,
        commits=found.seq,
        segments=len(found.segments),
        bytes=found.bytes,
        torn=found.torn,
        findings=tuple(found.findings),
    )


def _retract(disk: Disk, directory: Path, at: str, release: str) -> bool:
    """Take the snapshot away, if no daemon would write another one and we may."""
    try:
        held = lock.Lock(directory / "lock", at=at, release=release, disk=disk)
        with contextlib.closing(held):
            held.reach(proven(disk, directory, held))
            snapshots.retract(disk, directory)
    except (Refused, OSError):
        return False  # what was found is told all the same
    return True


def check_there(disk: Disk, directory: Path) -> None:
    """Raise NotFound where nothing looks like a state, and Refused where another is to be."""
    if not disk.is_directory(directory):
        raise NotFound(f"cannot find a state in {directory}: there is no such directory")
    if not {"journal", "lock"} & set(disk.names(directory)):
        raise NotFound(f"cannot find a state in {directory}: it has neither journal nor lock")
    if is_intended(disk, directory):
        raise Refused(
            f"cannot look at {directory}: a restore was begun there and is to be finished first",
            hint="pmrunnerctl start   finishes it",
        )
