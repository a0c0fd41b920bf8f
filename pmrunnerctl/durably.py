"""A file that has its name only when all of it is on the disk: an archive is none before."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pmrunnerctl.dial import why
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerd.model.errors import disk_hint


def free(path: Path, *, force: bool) -> Path:
    """Return the name that a file may take: where a symbolic link leads, if that is a file.

    Raises Cannot for what is there already, unless `force`, and for what is no file even then: a
    device or a pipe that is replaced is gone.
    """
    path = path.absolute()
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.is_symlink():
            return path
        raise _taken(path, "it is a symbolic link that leads nowhere", f"ls -l {path}") from None
    except OSError as error:
        raise _taken(path, why(error), f"ls -l {path}") from None
    if not stat.S_ISREG(found.st_mode):
        raise _taken(
            path, "it is there, and is no file", hint=f"pmrunnerctl state backup - > {path}"
        )
    if not force:
        raise _taken(path, "it is there already", "--force replaces it")
    return Path(os.path.realpath(path))


def _taken(path: Path, because: str, hint: str) -> Cannot:
    return Cannot(f"cannot write {path}: {because}", exits=Exit.REFUSED, code="refused", hint=hint)


@contextlib.contextmanager
def written(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Give a file to write, mode 0600, that takes a name when the block ends well.

    Raises Cannot as `free` does, and where the disk says no; then nothing is left.
    """
    path = free(path, force=force)
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(path.parent)
    except OSError as error:
        _remove(partial)
        raise Cannot(
            f"cannot write {path}: {error.strerror}",
            exits=Exit.UNAVAILABLE,
            code="unavailable",
            hint=_hint(error, path.parent),
        ) from error
    except BaseException:
        _remove(partial)
        raise


def _hint(error: OSError, directory: Path) -> str:
    # /proc and its like are there, and have no room for a file of ours.
    if isinstance(error, FileNotFoundError) and directory.is_dir():
        return f"df -hT {directory}"
    return disk_hint(error, directory)


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _remove(partial: Path) -> None:
    # That it cannot be removed is worth less than why it is to be.
    with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)
