"""Looks at what this process has of what a daemon needs, and at its state; it starts nothing."""

import contextlib
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.errand import Confinement
from pmrunnerd.services import diagnosis, ports
from pmrunnerd.services import room as rooms
from pmrunnerd.store import lock
from pmrunnerd.store.durable import Disk

# What of a state a daemon reads and writes.
_PARTS: Final = ("lock", "journal", "snapshot.json", "history", "runs", "set-aside")


def within(state: Path, release: str, found: Confinement, *, unconfined: bool) -> Checkup:
    """Look at what the daemon has that this process is: its limits, and not those of who asks.

    `found` is what it found of a sandbox when it started; no program is started for an answer.
    """
    checks = (
        diagnosis.release(release, sys.executable),
        diagnosis.python(sys.version_info[:3]),
        diagnosis.bubblewrap(found, unconfined=unconfined),
        *((diagnosis.doors(found.doors),) if found.doors else ()),
        diagnosis.permissions(state, ownership(state)),
        diagnosis.disk(state, room(state)),
        diagnosis.clock(datetime.now(UTC), last(state)),
        diagnosis.limits(*resource.getrlimit(resource.RLIMIT_NOFILE)),
    )
    return Checkup(state_directory=str(state), checks=checks)


def ownership(state: Path) -> diagnosis.Ownership | None:
    try:
        found = state.stat()
    except FileNotFoundError:
        return None
    shut = closed(state)
    return diagnosis.Ownership(
        owner=found.st_uid,
        mode=found.st_mode & 0o7777,
        me=os.geteuid(),
        closed="" if shut is None else str(shut),
        name=ports.name_of(found.st_uid),
    )


def closed(state: Path) -> Path | None:
    """Return the first part of a state that this process may not read and write, if there is one."""
    if not state.is_dir():
        return None
    wanted = [state]
    for name in _PARTS:
        with contextlib.suppress(PermissionError):
            wanted += [state / name, *sorted((state / name).glob("*.jsonl"))]
    for path in wanted:
        with contextlib.suppress(PermissionError):
            if not path.exists():
                continue
        mode = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        if not os.access(path, mode, effective_ids=True):
            return path
    return None


def room(state: Path) -> diagnosis.Room:
    """Measure the disk that the state is on, or will be."""
    there = next(path for path in (state, *state.parents) if path.exists())
    disk, inodes = rooms.left(there)
    return diagnosis.Room(bytes=disk, inodes=inodes)


def signed(state: Path) -> lock.Holder | None:
    """Return who opened the state last; None where nobody did, or we may not know."""
    try:
        return lock.read(Disk(), state / "lock")[1]
    except OSError:
        return None


def last(state: Path) -> datetime | None:
    """Return the latest time that the state knows of: its last opening, its last write."""
    by = signed(state)
    known = []
    with contextlib.suppress(ValueError):  # a lock of an older release has no checksum
        known += [datetime.fromisoformat(by.at)] if by else []
    with contextlib.suppress(PermissionError):  # whoever looks from outside may see less
        segments = [file.stat().st_mtime for file in (state / "journal").glob("*.jsonl")]
        known += [datetime.fromtimestamp(at, UTC) for at in segments]
    return max(known, default=None)
