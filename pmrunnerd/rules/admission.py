"""Whether one more run may begin, however much waits: by the machine's room, a drain, and a release on trial."""

from msgspec import Struct

from pmrunnerd.model.quantities import size
from pmrunnerd.model.state import State


class Room(Struct, frozen=True, kw_only=True):
    """Bytes that are free: `memory` for runs, `disk` where the state is, and its `inodes`.

    None is not known.
    """

    memory: int | None
    disk: int | None
    inodes: int | None = None


class Least(Struct, frozen=True, kw_only=True):
    """Bytes that must be free for a run to begin: of `memory` for each, of `disk` for all.

    With less than `floor` bytes or `inodes` the disk is full, whatever is to be kept of it.
    """

    memory: int
    disk: int
    floor: int = 0
    inodes: int = 0


def drains(state: State) -> str:
    """Say that a person wants no more runs to begin, and who; empty where nobody does."""
    by = state.draining
    return f"the daemon drains, as {by} asked: pmrunnerctl drain --end" if by else ""


def on_trial(release: str) -> str:
    """Say that a release has yet to prove itself, so that what runs is left alone; empty where none has to."""
    return f"release {release} is on trial: pmrunnerctl promotion list" if release else ""


def shortage(room: Room, least: Least, *, young: int) -> str:
    """Say what there is too little of for one more run; empty where there is enough.

    `young` runs began so lately that what they will use is not in use yet. What is not known
    keeps no run from beginning.
    """
    if room.disk is not None and room.disk < least.floor:
        return f"the disk of the state is full: {size(room.disk)} free"
    if room.inodes is not None and room.inodes < least.inodes:
        return f"the disk of the state is full: {room.inodes} inodes free"
    if room.disk is not None and room.disk < least.disk:
        return (
            f"the disk of the state has {size(room.disk)} free,"
            f" and {size(least.disk)} are kept (disk.reserve)"
        )
    if room.memory is not None and room.memory < least.memory * (young + 1):
        promised = f", {size(least.memory * young)} of them promised" if young else ""
        return (
            f"{size(room.memory)} of memory are free{promised},"
            f" and a run begins with {size(least.memory)} (runs.memory)"
        )
    return ""
