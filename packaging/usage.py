"""What a gate used, by the control group that whoever asks shares with it."""

import contextlib
import re
from pathlib import Path
from typing import Any, Final

_UNIT: Final = re.compile(r"pm-runner-[a-z]+@[a-z0-9_-]+\.service")
_CGROUPS: Final = Path("/sys/fs/cgroup")


def used() -> dict[str, Any]:
    """Return what the control group that we share with the gate has used, where the kernel counts for it alone."""
    groups = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            # Who does something beside a unit that has groups of its own is in one of these.
            path = path.removesuffix("/.control")
            # Of version 1, what is not counted for a unit is counted for all that are above it.
            if not _UNIT.fullmatch(path.rpartition("/")[2]):
                continue
            groups |= {name: _hierarchy(name) / path.lstrip("/") for name in names.split(",")}
    v2, memory, cpu = groups.get(""), groups.get("memory"), groups.get("cpuacct")
    microseconds = _field(v2, "cpu.stat", "usage_usec")
    nanoseconds = _field(cpu, "cpuacct.usage")
    seconds = None if microseconds is None else microseconds / 1e6
    return {
        "cpu_seconds": seconds if nanoseconds is None else nanoseconds / 1e9,
        "peak_memory": _field(v2, "memory.peak") or _field(memory, "memory.max_usage_in_bytes"),
        "memory_kills": _field(v2, "memory.events", "oom_kill")
        or _field(memory, "memory.oom_control", "oom_kill"),
    }


def _hierarchy(name: str) -> Path:
    """Return where control groups of a controller are; version 2 beside version 1 counts processor time, too."""
    beside = _CGROUPS / "unified"
    return beside if not name and beside.is_dir() else _CGROUPS / name


def _field(directory: Path | None, name: str, field: str = "") -> int | None:
    if directory is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        for line in (directory / name).read_text().splitlines():
            if not field or line.startswith(f"{field} "):
                return int(line.split()[-1])
    return None
