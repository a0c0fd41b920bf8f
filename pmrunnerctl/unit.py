"""What the service manager knows of a daemon, or of a run, that it holds: restarts, memory, watchdog.

Only it can tell, and one question costs 5 ms; the most memory at once, which older ones do not know,
the kernel has. What nobody says is absent, and never 0.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerctl import amounts, launch
from pmrunnerctl.session import Session
from pmrunnerctl.where import RUN
from pmrunnerd.model.views import Overview

_NANO: Final = 1_000_000_000
_GROUPS: Final = Path("/sys/fs/cgroup")
# Where the kernel has the most memory of a group: version 2 of its hierarchies, and version 1.
_PEAKS: Final = (("", "memory.peak"), ("memory", "memory.max_usage_in_bytes"))


class Daemon(msgspec.Struct, frozen=True, rename="camel"):
    """The unit of a daemon. `memory` is bytes of all in it, `watchdog` how long it may be silent."""

    name: str
    restarts: int | None
    memory: int | None
    watchdog: str

    @property
    def words(self) -> str:
        """Say it in one line."""
        said = [
            amounts.count(self.restarts, "restart") if self.restarts is not None else "",
            amounts.size(self.memory) if self.memory is not None else "",
            f"watchdog {self.watchdog}" if self.watchdog else "no watchdog",
        ]
        return ", ".join([self.name, *filter(None, said)])


class Used(msgspec.Struct, frozen=True, rename="camel"):
    """What a run under way uses now: bytes, CPU seconds, processes and threads.

    `memory_peak` is what it used at once, at the most.
    """

    name: str
    memory: int | None
    memory_peak: int | None
    cpu_seconds: float | None
    tasks: int | None

    @property
    def words(self) -> str:
        """Say it in one line; nothing where nothing is known."""
        peak = f" (at most {amounts.size(self.memory_peak)})" if self.memory_peak else ""
        said = [
            amounts.size(self.memory) + peak if self.memory is not None else "",
            f"{self.cpu_seconds:.1f} s of CPU" if self.cpu_seconds is not None else "",
            amounts.count(self.tasks, "task") if self.tasks is not None else "",
        ]
        return ", ".join(filter(None, said))


def of_daemon(found: Overview) -> Daemon | None:
    """Return the unit that has a daemon as its main process; None where systemd does not hold it."""
    name = f"pm-runner@{found.environment}.service"
    names = ("MainPID", "NRestarts", "MemoryCurrent", "WatchdogUSec")
    (said,) = launch.properties_of([name], *names) or [{}]
    return daemon(name, found.pid, said)


def daemon(name: str, pid: int, said: Mapping[str, str]) -> Daemon | None:
    """Read what was said of the unit of a daemon; one that somebody else started is not in it."""
    if said.get("MainPID") != str(pid):
        return None
    watchdog = said.get("WatchdogUSec", "")
    return Daemon(
        name=name,
        restarts=_number(said, "NRestarts"),
        memory=_number(said, "MemoryCurrent"),
        watchdog="" if watchdog in ("0", "infinity") else watchdog,
    )


def of_runs(session: Session, runs: Sequence[str]) -> dict[str, Used]:
    """Return what the units of runs use, by run: of those that have one that is active."""
    place = session.place
    installed = place.socket.parent.name if place.socket.parent.parent == RUN else ""
    if not runs or not (environment := place.environment or installed):
        return {}
    units = {f"pm-runner-run@{environment}-{run}.service": run for run in runs}
    names = ("Id", "ActiveState", "ControlGroup", "MemoryCurrent", "CPUUsageNSec", "TasksCurrent")
    found = (run_used(said) for said in launch.properties_of(units, *names))
    return {units[used.name]: used for used in found if used is not None and used.name in units}


def run_used(said: Mapping[str, str], groups: Path = _GROUPS) -> Used | None:
    """Read what was said of the unit of a run, and what the kernel counted for its group."""
    if said.get("ActiveState") != "active":
        return None
    cpu = _number(said, "CPUUsageNSec")
    return Used(
        name=said.get("Id", ""),
        memory=_number(said, "MemoryCurrent"),
        memory_peak=_peak(said.get("ControlGroup", ""), groups),
        cpu_seconds=None if cpu is None else cpu / _NANO,
        tasks=_number(said, "TasksCurrent"),
    )


def _peak(group: str, groups: Path) -> int | None:
    """Return the most that a group used; None where nobody counts, as older kernels do not."""
    for hierarchy, name in _PEAKS if group.strip("/") else ():
        with contextlib.suppress(OSError, ValueError):
            return int((groups / hierarchy / group.lstrip("/") / name).read_text())
    return None


def _number(said: Mapping[str, str], name: str) -> int | None:
    """Return a number; `[not set]` is none, and neither is the largest, which older systemds say."""
    value = said.get(name, "")
    return int(value) if value.isdigit() and int(value) < (1 << 64) - 1 else None
