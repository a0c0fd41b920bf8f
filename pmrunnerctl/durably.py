"""A file that has its name only when all of it is on the disk: an archive is none before."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pmrunnerctl.exits import Cannot, Exit
from pmrunnerd.model.errors import disk_hint


@contextlib.contextmanager
def written(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Give a file to write, mode 0600, that takes a name when the block ends well.

    Raises Cannot if something has that name already, unless `force`, and where the disk says no;
    then nothing is left.
    """
    path = path.absolute()
    partial = path.with_name(f"{path.name}.partial")
    if not force and path.exists():
        raise Cannot(
            f"cannot write {path}: it is there already",
            exits=Exit.REFUSED,
            code="refused",
            hint="--force replaces it",
        )
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
            hint=disk_hint(error, path.parent),
        ) from error
    except BaseException:
        _remove(partial)
        raise


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
