"""Whether one more run may begin, however much waits: by the machine's room, and by a drain."""

from msgspec import Struct

from pmrunnerd.model.quantities import size
from pmrunnerd.model.state import State


class Room(Struct, frozen=True, kw_only=True):
    """Bytes that are free: `memory` for runs, `disk` where the state is. None is not known."""

    memory: int | None
    disk: int | None


class Least(Struct, frozen=True, kw_only=True):
    """Bytes that must be free for a run to begin: of `memory` for each, of `disk` for all."""

    memory: int
    disk: int


def drains(state: State) -> str:
    """Say that a person wants no more runs to begin, and who; empty where nobody does."""
    by = state.draining
    return f"the daemon drains, as {by} asked: pmrunnerctl drain --end" if by else ""


def shortage(room: Room, least: Least, *, young: int) -> str:
    """Say what there is too little of for one more run; empty where there is enough.

    `young` runs began so lately that what they will use is not in use yet. What is not known
    keeps no run from beginning.
    """
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
