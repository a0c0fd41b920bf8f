"""Restores a state from an archive: unpacked and looked at whole before anything else is changed.

What is staged is opened as any state is, so every line of it was checked and folded by our own rules
before the present state moves out of its way.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from msgspec.structs import asdict

from pmrunnerd.model.errors import Refused, Unavailable, disk_hint
from pmrunnerd.model.events import StateRestored
from pmrunnerd.model.upkeep import Archived, Contents, Restored
from pmrunnerd.store.aside import ASIDE, dated, fresh
from pmrunnerd.store.backup import Origin
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive, JournalDamaged, StoreFailed, TooNew
from pmrunnerd.store.levels import CURRENT
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.store import Store
from pmrunnerd.store.swap import (
    PARTS,
    STAGING,
    STATE,
    Intention,
    Undecided,
    finish,
    forget,
    intend,
)
from pmrunnerd.store.unpack import unpack


def restore(
    disk: Disk, directory: Path, source: IO[bytes], here: Origin, *, force: bool = False
) -> Restored:
    """Have the state of an archive take the place of the one in a directory, which may be empty.

    Raises Refused while a daemon has the state and for an archive of another environment (unless
    `force`), BadArchive, TooNew, and Unavailable where the disk says no; then nothing was changed.
    Undecided, which is one of these, says that it may be: the next start knows.
    """
    with _disk_errors(directory):
        disk.make_directory(directory)
        lock = Lock(directory / "lock", at=here.at, release=here.release, disk=disk)
        with contextlib.closing(lock):
            try:
                finish(disk, directory, lock)
            except JournalDamaged:
                _set_aside(disk, directory, here.at)
            plan = prepare(disk, directory, source, here, force=force)
            _finish(disk, directory, lock)
    return plan.restored


def _finish(disk: Disk, directory: Path, lock: Lock) -> None:
    try:
        finish(disk, directory, lock)
    except OSError as error:
        raise Unavailable(
            f"cannot finish the restore of {directory} now: {error.strerror}; it is recorded, and the"
            " next start of the daemon finishes it",
            hint=f"{disk_hint(error, directory)}; then pmrunnerctl start",
        ) from error


def prepare(  # noqa: PLR0913 - what comes where, and then what is to be made of it
    disk: Disk,
    directory: Path,
    source: IO[bytes],
    here: Origin,
    *,
    force: bool = False,
    upload: str = "",
) -> Intention:
    """Stage and check an archive and record that it is to be the state: the next opening does it.

    A daemon may go on, unless Undecided is raised. Raises as `restore` does; then it does not happen.
    """
    staged = directory / STAGING / STATE
    with _disk_errors(directory):
        try:
            disk.remove_tree(staged)
            disk.make_directory(staged)
            disk.make_directory(directory / ASIDE)
            kept = fresh(disk, directory / ASIDE, dated(here.at, "before-restore"))
            found, commits = check(disk, source, staged, here, kept=kept.name)
            _check_environment(found, here, force=force)
            coming = set(disk.names(staged))
            there = not set(PARTS).isdisjoint(disk.names(directory))
            before = str(kept) if there else ""
            restored = Restored(kept=before, **asdict(contents(found, commits)))
            parts = tuple(part for part in PARTS if part in coming)
            plan = Intention(
                parts=parts,
                aside=kept.name,
                restored=restored,
                upload=upload,
                reaches=commits + 1,
            )
            intend(disk, directory, plan)
        except Undecided:
            raise  # all of it is wanted, if it was recorded
        except BaseException:
            # What stays without the word to go is taken away by the next one, or the next start.
            with contextlib.suppress(OSError):
                forget(disk, directory)
            raise
    return plan


def contents(found: Archived, commits: int) -> Contents:
    """Sum up what an archive holds."""
    return Contents(
        commits=commits,
        files=len(found.members),
        bytes=found.bytes,
        environment=found.environment,
        release=found.release,
        at=found.at,
    )


def check(
    disk: Disk, source: IO[bytes], to: Path, here: Origin, *, kept: str = ""
) -> tuple[Archived, int]:
    """Unpack an archive into an empty directory and open it; return manifest and last commit.

    With `kept` it is to be restored, and one more commit says so. Raises BadArchive, TooNew,
    Unavailable.
    """
    found = unpack(disk, source, to)
    if found.level > CURRENT.newest:
        raise TooNew(
            f"cannot use the archive: it is of level {found.level}, and this release reads"
            f" levels up to {CURRENT.newest}"
        )
    if "journal" not in disk.names(to):
        raise BadArchive("it holds no journal")
    disk.make_directory(to / "runs")
    try:
        with contextlib.closing(
            Store(to, lambda: here.at, release=here.release, disk=disk)
        ) as store:
            commits = store.durable
            if kept:
                _begin_a_lineage(store, found, kept)
    except JournalDamaged as error:
        raise BadArchive(_inside(error, to)) from error
    except TooNew as error:
        raise TooNew(f"cannot use the archive: {_inside(error, to)}") from error
    disk.remove(to / "lock")
    disk.sync_directory(to)
    return found, commits


def _begin_a_lineage(store: Store, found: Archived, kept: str) -> None:
    """Say in the state that is to be which one it comes from: who follows has to know."""
    said = StateRestored(
        commits=store.durable, kept=kept, environment=found.environment, made=found.at
    )
    store.commit(said)
    store.flush()
    if store.durable == said.commits:
        raise store.failed or Unavailable("cannot record it: there is no room")


def _inside(error: Exception, to: Path) -> str:
    """Say why by the names of the archive: where it was unpacked will be gone."""
    return str(error).removeprefix("cannot read ").replace(f"{to}/", "")


def _check_environment(found: Archived, here: Origin, *, force: bool) -> None:
    known = found.environment and here.environment
    if known and found.environment != here.environment and not force:
        raise Refused(
            f"cannot use the archive: it is of environment {found.environment}, and this is"
            f" {here.environment}",
            hint="--force restores it all the same",
        )


def _set_aside(disk: Disk, directory: Path, at: str) -> None:
    """Keep a restore that was begun and cannot be read any more."""
    disk.make_directory(directory / ASIDE)
    kept = fresh(disk, directory / ASIDE, dated(at, "unfinished-restore"))
    disk.rename(directory / STAGING, kept)
    disk.sync_directory(directory / ASIDE)
    disk.sync_directory(directory)


@contextlib.contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    """Say what the disk said, in words."""
    try:
        yield
    except Undecided:
        raise
    except OSError as error:
        raise Unavailable(
            f"cannot restore {directory}: {error.strerror}", hint=disk_hint(error, directory)
        ) from error
    except StoreFailed as error:
        raise Unavailable(
            f"cannot restore {directory}: {error}", hint=error.hint or f"df -h {directory}"
        ) from error
