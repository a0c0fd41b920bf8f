"""How much memory this machine, or the control groups that we are in, have left.

Groups are those of cgroup v2 (kernel documentation, cgroup-v2.rst): a limit of a group counts for
everything below it, and pages of files that nobody used lately are given back before anything dies.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_KIB: Final = 1024
_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")


def total(proc: Path = _PROC, groups: Path = _GROUPS) -> int:
    """Return bytes that everything here may use at once: the machine's, or a group's limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = (_limit(group) for group in _ours(proc / "self" / "cgroup", groups))
    return min((machine, *(limit for limit in found if limit is not None)))


def available(proc: Path = _PROC, groups: Path = _GROUPS) -> int | None:
    """Return bytes that new processes may use; None where the kernel does not say."""
    known = [*_machine(proc / "meminfo"), *_limits(proc / "self" / "cgroup", groups)]
    return max(min(known), 0) if known else None


def _machine(meminfo: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * _KIB


def _limits(own: Path, groups: Path) -> Iterator[int]:
    """Yield what is left in each group that we are in and that has a limit."""
    for group in _ours(own, groups):
        yield from _left(group)


def _ours(own: Path, groups: Path) -> Iterator[Path]:
    """Yield the groups that we are in, from our own upwards."""
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            if line.startswith("0::/"):
                ours = groups / line.removeprefix("0::/")
                for group in (ours, *ours.parents):
                    yield group
                    if group == groups:
                        return


def _limit(group: Path) -> int | None:
    try:
        return int((group / "memory.max").read_text())
    except (OSError, ValueError):  # no limit is a word: "max"
        return None


def _left(group: Path) -> Iterator[int]:
    if (limit := _limit(group)) is None:
        return
    with contextlib.suppress(OSError, ValueError):
        used = int((group / "memory.current").read_text())
        idle = (
            int(line.split()[1])
            for line in (group / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        )
        yield limit - used + sum(idle)
