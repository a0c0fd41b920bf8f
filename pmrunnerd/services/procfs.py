"""What the kernel says of processes: who descends from whom, and what each has used so far."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.services.child import KIB, Usage

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """A process: its parent, its state as one letter, and CPU seconds with the children it buried."""

    parent: int
    state: str
    seconds: float


def pids() -> Iterator[int]:
    """Yield all processes that can be seen."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def stat(pid: int) -> Stat | None:
    """Return what a process is and did; None once it is gone."""
    try:
        # A name may hold spaces and parentheses; what follows the last one is fixed (proc(5)).
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Stat(int(words[1]), words[0], sum(map(int, words[11:15])) / _TICKS)


def working_in(directory: Path, name: str) -> set[int]:
    """Return the processes of a name whose working directory is a directory or below it."""
    return {pid for pid in pids() if _works(pid, directory, name)}


def _works(pid: int, directory: Path, name: str) -> bool:
    try:
        if Path(f"/proc/{pid}/comm").read_text().rstrip() != name:
            return False
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(directory)
    except OSError:  # gone, or somebody's whom we may not look at
        return False


def below(root: int) -> set[int]:
    """Return the processes below one that are not dead, however deep."""
    known = {pid: found for pid in pids() if (found := stat(pid)) is not None}
    descended: set[int] = set()
    level = {root}
    while level := {pid for pid, of in known.items() if of.parent in level} - descended:
        descended |= level
    return {pid for pid in descended if known[pid].state != "Z"}


def children(pid: int) -> set[int]:
    """Return the children of a process, the dead that it did not bury too; none where it is gone."""
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return set()


def used_below(root: int) -> Usage:
    """Return what the processes below one have used, as `used` has it."""
    return used(below(root))


def used(pids: Collection[int]) -> Usage:
    """Return what some processes have used: the peak of the largest, seconds of all.

    What is killed together with its namespace is buried by nobody, so it is asked before.
    """
    peak, seconds = 0, 0.0
    for pid in pids:
        peak = max(peak, _peak(pid))
        if (found := stat(pid)) is not None:
            seconds += found.seconds
    return Usage(peak, seconds)


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("VmHWM:")), 0)
