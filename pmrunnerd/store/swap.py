"""A state that was restored takes the place of the one before: recorded first, then done.

Whoever opens the state next finishes what was recorded. Nothing of the state before is deleted: it
goes to `set-aside/`. Every step tells by itself whether it was taken, so all of it can be done again.
"""

import logging
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.upkeep import Restored
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.aside import ASIDE
from pmrunnerd.store.batch import body, line_of
from pmrunnerd.store.durable import SCARCE, Disk
from pmrunnerd.store.failures import JournalDamaged, StoreFailed, trouble
from pmrunnerd.store.lock import Lock

# Inside a state directory: what is on its way in; and inside that, the state and the word to go.
STAGING: Final = "restore"
STATE: Final = "state"
READY: Final = "READY"
# What one state is made of, beside what was set aside from it.
PARTS: Final = ("journal", "runs", snapshots.FILE, "history")


class Intention(Struct, frozen=True, kw_only=True):
    """What is to happen: which `parts` come, and `aside`, the name of those before.

    `upload` names how the archive came in, if it came by the daemon, and `restored` is the answer.
    `reaches` is the last commit of what comes, behind those of the archive.
    """

    parts: tuple[str, ...]
    aside: str
    restored: Restored
    upload: str = ""
    reaches: int = 0


log: Final = logging.getLogger(__name__)
_intentions: Final = msgspec.json.Decoder(Intention)


class Undecided(StoreFailed):
    """A restore may be recorded or not. Nothing may be acknowledged until the next start looked."""

    def __init__(self, directory: Path, error: OSError) -> None:
        super().__init__(
            f"cannot tell whether the restore of {directory} was recorded: {trouble(error)};"
            " the next start of the daemon finishes it if it was",
            hint="pmrunnerctl start; then pmrunnerctl status",
        )


def intend(disk: Disk, directory: Path, plan: Intention) -> None:
    """Record durably that a staged state, all of it durable, is to take the place of this one.

    Raises OSError where it certainly is not recorded, and Undecided.
    """
    try:
        disk.replace_file(directory / STAGING / READY, line_of(msgspec.json.encode(plan)))
        disk.sync_directory(directory)
    except OSError as error:
        _take_back(disk, directory, error)
        raise


def _take_back(disk: Disk, directory: Path, error: OSError) -> None:
    """Take the word to go away, durably, if it has its name already: then it would be done."""
    ready = directory / STAGING / READY
    try:
        # Neither needs a descriptor, and that there is none may be the error.
        if not disk.is_file(ready):
            return
        disk.remove(ready)
        if error.errno not in SCARCE:
            raise error
        disk.sync_directory(ready.parent)
    except OSError as again:
        raise Undecided(directory, again) from error


def is_intended(disk: Disk, directory: Path) -> bool:
    """Tell whether something was recorded that is not done."""
    staging = directory / STAGING
    return disk.is_directory(staging) and READY in disk.names(staging)


def intended(disk: Disk, directory: Path) -> Intention | None:
    """Return what was recorded and is not done. Raises JournalDamaged if it cannot be read."""
    if not is_intended(disk, directory):
        return None
    staging = directory / STAGING
    json = body(disk.read_file(staging / READY).removesuffix(b"\n"))
    try:
        return _intentions.decode(json or b"")
    except msgspec.DecodeError as error:
        raise JournalDamaged(
            f"cannot read {staging / READY}: it does not match its checksum",
            hint="pmrunnerctl state restore ARCHIVE   sets it aside and begins anew",
        ) from error


def finish(disk: Disk, directory: Path, lock: Lock) -> Intention | None:
    """Do what was recorded, and take away what is left of a restore that was not; twice is once.

    Whoever calls holds the lock. Returns what was done. Raises OSError, and what `intended` does.
    """
    plan = intended(disk, directory)
    if plan is not None:
        _swap(disk, directory, plan)
        lock.begin_anew(max(plan.reaches, plan.restored.commits))
    forget(disk, directory)
    if plan is not None:
        before = plan.restored.kept
        kept = f"what was there before is in {before}" if before else "nothing was there before"
        log.warning("restored %d commits; %s", plan.restored.commits, kept)
    return plan


def forget(disk: Disk, directory: Path) -> None:
    """Take away what was staged, if it is not to happen any more."""
    if STAGING in disk.names(directory):
        staging = directory / STAGING
        if disk.is_directory(staging) and not disk.is_link(staging):
            # First of all: a power cut must not bring it back beside half of what it speaks of.
            disk.remove(staging / READY)
            disk.sync_directory(staging)
        disk.remove_tree(staging)
        disk.sync_directory(directory)


def _swap(disk: Disk, directory: Path, plan: Intention) -> None:
    staged, aside = directory / STAGING / STATE, directory / ASIDE / plan.aside
    disk.make_directory(aside)
    there, coming = set(disk.names(directory)), set(disk.names(staged))
    for part in PARTS:
        # One that is staged still was not put in place yet, and what is there is the one before.
        if part in there and (part in coming or part not in plan.parts):
            disk.rename(directory / part, aside / part)
    disk.sync_directory(aside)
    disk.sync_directory(directory)
    for part in PARTS:
        if part in coming:
            disk.rename(staged / part, directory / part)
    kept = set(disk.names(directory / ASIDE))
    for name in disk.names(staged / ASIDE) if ASIDE in coming else []:
        if name not in kept:
            disk.rename(staged / ASIDE / name, directory / ASIDE / name)
    disk.sync_directory(directory / ASIDE)
    disk.sync_directory(directory)
    disk.sync_directory(staged)
