"""Where the directories of runs lie: in the state, or elsewhere, with a link to them in the state.

Elsewhere they are where run hosts of another user reach them and the state is out of reach. The
link is all that the rest of the house needs: a backup goes through it, a restore puts it aside and
a directory in its place. What that holds is taken over here, when the daemon starts.
"""

from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError, Refused, Unavailable
from pmrunnerd.store.aside import ASIDE, dated, fresh
from pmrunnerd.store.durable import Disk

_RUNS: Final = "runs"
# What a restore brought, once all of it is elsewhere.
_TAKEN: Final = "runs.taken"
_PIECE: Final = 1 << 20
_DIRECTORY: Final = 0o770
_SHOWN: Final = 0o640
_SHARED: Final = 0o660
# What run hosts write; the rest of a run that came back is for them to read.
_WRITTEN: Final = frozenset({"events.jsonl", "lock"})


def keep(disk: Disk, state: Path, elsewhere: Path | None, at: str) -> Path:
    """See to it that the state's runs lie `elsewhere`, or in the state; return where they are.

    `at` is the time (RFC 3339) by which is named what had to make room. Whoever calls has the
    state's lock; twice is once. Raises Unavailable where the disk says no, and Refused where the
    state's runs lie in a third place.
    """
    link = state / _RUNS
    try:
        if elsewhere is None:
            if not disk.is_directory(link):
                disk.make_directory(link)
            return link
        _check(disk, link, elsewhere)
        if disk.is_directory(link) and not disk.is_link(link):
            _take_over(disk, state, elsewhere, at)
        if not disk.is_link(link):
            link.symlink_to(elsewhere)
            disk.sync_directory(state)
        disk.remove_tree(state / _TAKEN)
    except OSError as error:
        where = error.filename or link
        raise Unavailable(
            f"cannot make {where}: {error.strerror}", hint=f"ls -ld {where}"
        ) from error
    return elsewhere


def _check(disk: Disk, link: Path, elsewhere: Path) -> None:
    if not disk.is_directory(elsewhere):
        raise _no_place(elsewhere)
    if disk.is_link(link) and link.readlink() != elsewhere:
        raise Refused(
            f"cannot keep runs in {elsewhere}: those of this state lie in {link.readlink()}",
            hint=f"mv {link.readlink()}/* {elsewhere}; rm {link}",
        )


def _no_place(elsewhere: Path) -> PmError:
    return Unavailable(
        f"cannot keep runs in {elsewhere}: it is not there",
        hint="systemd-tmpfiles --create pm-runner.conf",
    )


def _take_over(disk: Disk, state: Path, elsewhere: Path, at: str) -> None:
    """Have the runs that lie in the state lie elsewhere; what is there goes aside, and none is lost."""
    aside = _make_room(disk, elsewhere, at)
    if aside is not None:
        _point(disk, state, elsewhere, aside)
    for name in disk.names(state / _RUNS):
        _copy(disk, state / _RUNS / name, elsewhere / name)
    disk.sync_directory(elsewhere)
    # From here on they are there, whatever happens to what they were copied from.
    disk.rename(state / _RUNS, state / _TAKEN)
    disk.sync_directory(state)


def _make_room(disk: Disk, elsewhere: Path, at: str) -> Path | None:
    """Move the runs of the state before aside, as its other parts are; by its name no backup takes it."""
    there = [name for name in disk.names(elsewhere) if name != ASIDE]
    if not there:
        return None
    disk.make_directory(elsewhere / ASIDE)
    aside = fresh(disk, elsewhere / ASIDE, dated(at, "before-restore"))
    disk.make_directory(aside)
    for name in there:
        disk.rename(elsewhere / name, aside / name)
    disk.sync_directory(aside)
    disk.sync_directory(elsewhere)
    return aside


def _point(disk: Disk, state: Path, elsewhere: Path, aside: Path) -> None:
    """Have a state that was set aside know where its runs are now."""
    if not disk.is_directory(state / ASIDE):
        return
    for name in disk.names(state / ASIDE):
        link = state / ASIDE / name / _RUNS
        if disk.is_link(link) and link.readlink() == elsewhere:
            disk.remove(link)
            link.symlink_to(aside)
            disk.sync_directory(link.parent)


def _copy(disk: Disk, one: Path, to: Path) -> None:
    """Copy directories and files, for the group that the place hands down; nothing else is a run's."""
    if disk.is_file(one):
        _copy_file(disk, one, to)
    elif disk.is_directory(one) and not disk.is_link(one):
        disk.create_directory(to, _DIRECTORY)
        for name in disk.names(one):
            _copy(disk, one / name, to / name)
        disk.sync_directory(to)


def _copy_file(disk: Disk, one: Path, to: Path) -> None:
    source = disk.open(one, "read")
    try:
        copy = disk.open(to, "new", _SHARED if one.name in _WRITTEN else _SHOWN)
        try:
            at = 0
            while data := disk.read_all(source, _PIECE, at):
                disk.write_all(copy, data, at)
                at += len(data)
            disk.sync(copy)
        finally:
            disk.close(copy)
    finally:
        disk.close(source)
