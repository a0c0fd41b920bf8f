"""An archive becomes a file: under its own name only when all of it is durable."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar, cast

from pmrunnerd.model.errors import Refused, Unavailable, disk_hint
from pmrunnerd.store.durable import Disk

R = TypeVar("R")


def write_archive(disk: Disk, path: Path, make: Callable[[IO[bytes]], R], *, force: bool) -> R:
    """Have `make` write a file, durably and mode 0600; what stands in its place is replaced.

    Raises Refused if something has that name, unless `force`, and Unavailable where the disk says
    no; then no half archive is left.
    """
    partial = path.with_name(f"{path.name}.partial")
    with _disk_errors(path):
        if not force and path.name in disk.names(path.parent):
            raise Refused(f"cannot write {path}: it is there already", hint="--force replaces it")
        try:
            disk.remove(partial)
            file = disk.open(partial, "new")
            try:
                made = make(cast("IO[bytes]", _Writing(disk, file)))
                disk.sync(file)
            finally:
                disk.close(file)
            disk.rename(partial, path)
            disk.sync_directory(path.parent)
        except BaseException:
            disk.remove(partial)
            raise
    return made


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        ours = (path, path.with_name(f"{path.name}.partial"), path.parent)
        if error.filename is not None and Path(error.filename) not in ours:
            raise  # of what was to be in it
        raise Unavailable(
            f"cannot write {path}: {error.strerror}", hint=disk_hint(error, path.parent)
        ) from error


class _Writing(io.RawIOBase):
    """A stream that is written to a file, one piece behind the other."""

    def __init__(self, disk: Disk, file: int) -> None:
        self._disk, self._file, self._at = disk, file, 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._disk.write_all(self._file, data, self._at)
        self._at += len(data)
        return len(data)
