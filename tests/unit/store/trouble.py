"""A disk with a trouble of its own at one call, and what may go wrong there."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.store.durable import Disk


class Troubled(Disk):
    """Does something of its own, once armed, before a call whose path it looks at."""

    def __init__(
        self, call: str, about: Callable[[Path], bool], trouble: Callable[[], None]
    ) -> None:
        self.armed = False
        self._call, self._about, self._trouble = call, about, trouble

    def _before(self, call: str, path: Path) -> None:
        if self.armed and call == self._call and self._about(path):
            self._trouble()

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        self._before("open", path)
        return super().open(path, how, mode)

    def rename(self, old: Path, new: Path) -> None:
        self._before("rename", new)
        super().rename(old, new)

    def sync_directory(self, path: Path) -> None:
        self._before("sync_directory", path)
        super().sync_directory(path)


class BadSector(Disk):
    """Cannot read one file, or some bytes of it."""

    def __init__(
        self, name: str, error: int = errno.EIO, *, start: int = 0, end: int = sys.maxsize
    ) -> None:
        self._name = name
        self._error = error
        self._start, self._end = start, end

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        path = Path(f"/proc/self/fd/{file}").readlink()
        if path.name == self._name and offset < self._end and offset + size > self._start:
            raise OSError(self._error, os.strerror(self._error), str(path))
        return super().read_at(file, size, offset)


class HalfWritten(Disk):
    """Shows a file in the middle of being written over, the first times that it is read."""

    def __init__(self, name: str, before: bytes, times: int) -> None:
        self.left = times
        self._name = name
        self._before = before

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        data = super().read_at(file, size, offset)
        if Path(f"/proc/self/fd/{file}").readlink().name != self._name or not self.left:
            return data
        self.left -= 1
        return data[:20] + self._before[20:]


class Noting(Disk):
    """Notes what it was asked to change, by name, in order."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self._names: dict[int, str] = {}

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        self._names[file] = path.name
        return file

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self.changed.append(f"write {self._names[file]}")
        return super().write_at(file, data, offset)

    def remove(self, path: Path) -> None:
        self.changed.append(f"remove {path.name}")
        super().remove(path)

    def sync(self, file: int) -> None:
        self.changed.append(f"sync {self._names[file]}")
        super().sync(file)

    def rename(self, old: Path, new: Path) -> None:
        self.changed.append(f"rename {new.name}")
        super().rename(old, new)

    def sync_directory(self, path: Path) -> None:
        self.changed.append(f"sync {path.name}")
        super().sync_directory(path)


def failing(number: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def out_of_memory() -> None:
    raise MemoryError
