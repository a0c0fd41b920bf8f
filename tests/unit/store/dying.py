"""A disk whose process is killed before one of its changes."""

import os
from pathlib import Path

from pmrunnerd.store.durable import Disk


class Killed(BaseException):
    """The process is gone: nothing after it happens, no `except OSError` sees it."""


class Dying(Disk):
    """Lets some changes of the disk happen, then dies before the next one."""

    def __init__(self, changes: int) -> None:
        self._left = changes
        self._opened: set[int] = set()

    def bury(self) -> None:
        """Let go of what the process had open, as the kernel does."""
        for file in self._opened:
            os.close(file)

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        self._opened.add(file)
        return file

    def close(self, file: int) -> None:
        self._opened.remove(file)
        super().close(file)

    def _spend(self) -> None:
        if not self._left:
            raise Killed
        self._left -= 1

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self._spend()
        return super().write_at(file, data, offset)

    def rename(self, old: Path, new: Path) -> None:
        self._spend()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._spend()
        super().remove(path)

    def create_directory(self, path: Path, mode: int) -> None:
        self._spend()
        super().create_directory(path, mode)

    def remove_directory(self, path: Path) -> None:
        self._spend()
        super().remove_directory(path)

    def truncate(self, file: int, size: int) -> None:
        self._spend()
        super().truncate(file, size)

    def sync_directory(self, path: Path) -> None:
        self._spend()
        super().sync_directory(path)

    def sync(self, file: int) -> None:
        self._spend()
        super().sync(file)
