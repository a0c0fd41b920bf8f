"""Strikes at one of the things that whoever promotes does to the world: it is killed there, or told of trouble."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pmrunnerd.store.durable import Disk

NEVER: Final = 1 << 30


class Killed(BaseException):
    """Nobody catches it: the process is gone."""


class Blows:
    """Counts what touches the world, and strikes at one of them."""

    def __init__(self, at: int = NEVER, blow: Callable[[], BaseException] = Killed) -> None:
        self.at, self.blow = at, blow
        self.lasts = False
        self.spares_the_world = False  # a disk that is full is no service manager that is gone
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.at or (self.lasts and self.count > self.at):
            raise self.blow()


class Struck(Disk):
    """A disk on which each change can be the last one."""

    def __init__(self, blows: Blows) -> None:
        self._blows = blows

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self._blows()
        return super().write_at(file, data, offset)

    def rename(self, old: Path, new: Path) -> None:
        self._blows()
        super().rename(old, new)
        self._blows()

    def sync(self, file: int) -> None:
        """Here nobody cuts the power, and a disk of tests is busy."""

    def sync_directory(self, path: Path) -> None:
        """As above."""

    def create_directory(self, path: Path, mode: int) -> None:
        self._blows()
        super().create_directory(path, mode)
