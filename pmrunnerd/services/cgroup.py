"""What the control group of a run's own unit has used, and whether it met its limit of memory.

Only where the kernel counts for that run alone: without a unit our group is that of whoever started
us. Both hierarchies are read: v2 (kernel documentation, cgroup-v2.rst), and v1 of older machines.
"""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_PER_SECOND: Final = {"usage_usec": 1_000_000, "cpuacct.usage": 1_000_000_000}
# More than any machine has: how v1 says that there is no limit.
_UNLIMITED: Final = 1 << 60


class Group:
    """The control group of one run's unit."""

    def __init__(self, directories: Mapping[str, Path]) -> None:
        self._v2 = directories.get("")
        self._memory = directories.get("memory")
        self._cpu = directories.get("cpuacct")

    def peak_memory(self) -> int | None:
        """Return bytes that all of the run used at once, at the most; None where nobody counts."""
        return _number(self._v2, "memory.peak") or _number(
            self._memory, "memory.max_usage_in_bytes"
        )

    def cpu_seconds(self) -> float | None:
        """Return CPU seconds of all that ever was in it; None where nobody counts."""
        if (microseconds := _field(self._v2, "cpu.stat", "usage_usec")) is not None:
            return microseconds / _PER_SECOND["usage_usec"]
        if (nanoseconds := _number(self._cpu, "cpuacct.usage")) is not None:
            return nanoseconds / _PER_SECOND["cpuacct.usage"]
        return None

    def memory_limit(self) -> int | None:
        """Return bytes that it may use; None where there is no limit."""
        found = _number(self._v2, "memory.max") or _number(self._memory, "memory.limit_in_bytes")
        return found if found is not None and found < _UNLIMITED else None

    def killed(self) -> int:
        """Return how many of its processes the kernel killed because they met that limit."""
        return (
            _field(self._v2, "memory.events", "oom_kill")
            or _field(self._memory, "memory.oom_control", "oom_kill")
            or 0
        )


def own(run: str, proc: Path = _PROC, groups: Path = _GROUPS) -> Group | None:
    """Return the group of a run's own unit, if that is where we are."""
    unit = re.compile(rf"pm-runner-run@[a-z0-9]+-{re.escape(run)}\.service")
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if unit.fullmatch(Path(path).name):
                for name in names.split(","):
                    found[name] = groups / name / path.lstrip("/")
    return Group(found) if found else None


def _number(directory: Path | None, name: str) -> int | None:
    if directory is None:
        return None
    try:
        return int((directory / name).read_text())
    except (OSError, ValueError):  # older kernels lack some; no limit is a word: "max"
        return None


def _field(directory: Path | None, name: str, field: str) -> int | None:
    if directory is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        for line in (directory / name).read_text().splitlines():
            if line.startswith(f"{field} "):
                return int(line.split()[1])
    return None
