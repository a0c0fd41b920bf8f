"""The control groups of a test host: one directory in each hierarchy, whose name says who owns it.

The owner is the keeper (keeper.py). A directory whose owner is gone is swept away by the next one.
"""

import contextlib
import errno
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Those that systemd manages units with where version 1 has them; others would be in its way.
CONTROLLERS: Final = frozenset({"cpu", "cpuacct", "blkio", "memory", "devices", "pids"})
SYSTEMD: Final = "name=systemd"
# systemd-nspawn has a scope of the name.
OWNED: Final = re.compile(r"pm-runner-host\.(\d+)\.(\d+)\.(\d+)(?:\.scope)?")
ASIDE: Final = "pm-runner-aside"
PATIENCE: Final = 180.0


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """One tree of control groups, and where in it a process is."""

    name: str  # of the directory that systemd looks for, below /sys/fs/cgroup
    options: str  # what mount is told; nothing for version 2
    path: str

    @property
    def is_unified(self) -> bool:
        return not self.options

    def mount(self, where: Path) -> list[str]:
        """Return how it is mounted; what is seen there is what the namespace of the caller has."""
        kind = ["cgroup2"] if self.is_unified else ["cgroup", "-o", self.options]
        return ["mount", "-t", *kind, self.name, os.fspath(where)]


def hierarchies(text: str, *, unified: bool = False) -> list[Hierarchy]:
    """Return those that a host needs, of what /proc/self/cgroup says.

    With `unified` it is to have version 2 only, as where there is no other.
    """
    found = []
    for line in text.splitlines():
        _, of, path = line.split(":", 2)
        if of == "":
            found.append(Hierarchy(name="unified", options="", path=path))
        elif of == SYSTEMD and not unified:
            found.append(Hierarchy(name="systemd", options=f"none,{SYSTEMD},xattr", path=path))
        elif CONTROLLERS & set(of.split(",")) and not unified:
            found.append(Hierarchy(name=of, options=of, path=path))
    if any(one.options for one in found) and not any(one.name == "systemd" for one in found):
        # Version 1 and no systemd outside: whoever mounts this hierarchy first makes it.
        found.append(Hierarchy(name="systemd", options=f"none,{SYSTEMD},xattr", path="/"))
    return found


def directory(mounted: Path, hierarchy: Hierarchy, name: str) -> Path:
    """Return where the group of that name is: below the one that its owner is in, if that is seen."""
    path = "" if hierarchy.path.startswith("/..") else hierarchy.path.strip("/")
    return mounted / hierarchy.name / path / name


def name_of_owner(pid: int) -> str:
    """Return the name for what a process owns: pid namespace, pid, and start in clock ticks."""
    return f"pm-runner-host.{Path('/proc/self/ns/pid').stat().st_ino}.{pid}.{_start(pid)}"


def is_stale(name: str) -> bool:
    """Tell whether its owner is gone; of another pid namespace nobody here can tell."""
    match = OWNED.fullmatch(name)
    if match is None:
        return False
    namespace, pid, start = map(int, match.groups())
    return namespace == Path("/proc/self/ns/pid").stat().st_ino and start != _start(pid)


def _start(pid: int) -> int | None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        state, *rest = stat.rpartition(")")[2].split()
        if state not in {"Z", "X"}:
            return int(rest[18])
    return None


def stale(mounted: Path) -> Iterator[Path]:
    """Yield each group below a mounted hierarchy whose owner is gone."""
    for where, names, _ in os.walk(mounted):
        gone = [name for name in names if is_stale(name)]
        yield from (Path(where, name) for name in gone)
        names[:] = [name for name in names if not OWNED.fullmatch(name)]


def remove(group: Path) -> None:
    """Kill whoever is in it and remove it with all below. Raises TimeoutError if somebody stays."""
    until = time.monotonic() + PATIENCE
    while group.exists():
        for where, _, _ in os.walk(group, topdown=False):
            for pid in _members(Path(where)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # somebody is still in it, or has removed it
                Path(where).rmdir()
        if group.exists():
            if time.monotonic() > until:
                raise TimeoutError(f"cannot remove {group}: {_members(group)} stay in it")
            time.sleep(0.005)


def _members(group: Path) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split() if pid != "0"]
    return []


def hand_down(group: Path) -> None:
    """Have a new group of version 2 offer all controllers that those above it have.

    One that has processes itself may hand nothing down (but for the very first): these go to a group
    of their own in it, where they stay.
    """
    for parent in reversed(group.parents):
        control = parent / "cgroup.subtree_control"
        if not control.exists():
            continue
        for controller in (parent / "cgroup.controllers").read_text().split():
            if not _offer(control, controller):
                _put_aside(parent)
                _offer(control, controller)


def _offer(control: Path, controller: str) -> bool:
    """Tell whether nobody is in its way; what the kernel refuses for other reasons units do without."""
    try:
        control.write_text(f"+{controller}")
    except OSError as error:
        return error.errno != errno.EBUSY
    return True


def _put_aside(group: Path) -> None:
    aside = group / ASIDE
    aside.mkdir(exist_ok=True)
    for pid in _members(group):
        with contextlib.suppress(ProcessLookupError):
            (aside / "cgroup.procs").write_text(str(pid))
