"""What a test host has in this machine while it runs, found by what cannot be moved: namespaces, names."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.system import cgroups
from tests.system.layout import PLACES

GROUPS: Final = Path("/sys/fs/cgroup")


def namespaces(pid: int | str) -> dict[Path, str]:
    """Return the mount and pid namespaces that a process lives in; none if it is gone."""
    found = {}
    with contextlib.suppress(OSError):
        for kind in ("mnt", "pid"):
            path = Path(f"/proc/{pid}/ns/{kind}")
            found[path] = os.fspath(path.readlink())
    return found


class Traces:
    """Taken while it runs; `left` says what of it is still there.

    It keeps the namespaces, empty as they may be: the kernel gives their numbers to others otherwise.
    """

    def __init__(self, *, host: int, keeper: int) -> None:
        own = set(namespaces("self").values())
        theirs = namespaces(host) | namespaces(keeper)
        self._name = cgroups.name_of_owner(keeper)
        self._namespaces = set(theirs.values()) - own
        self._kept = [os.open(path, os.O_RDONLY) for path in theirs]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in self._kept:
            os.close(descriptor)

    def left(self) -> list[str]:
        return [*self.processes(), *self.groups(), *self._mounts()]

    def processes(self) -> Iterator[str]:
        for process in Path("/proc").glob("[0-9]*"):
            if self._namespaces & set(namespaces(process.name).values()):
                with contextlib.suppress(OSError):
                    yield f"process {process.name}: {(process / 'cmdline').read_bytes()!r}"

    def groups(self) -> Iterator[str]:
        for where, names, _ in os.walk(GROUPS):
            yield from (f"group {where}/{name}" for name in names if name.startswith(self._name))

    def _mounts(self) -> Iterator[str]:
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            if any(f"upperdir={place}/" in line for place in PLACES):
                yield f"mount {line}"
