"""Deletes the directory of one run, and nothing that it points to.

Every name is taken relative to a directory that is open, and none is followed. A tree is made flat
while it goes: what lies in a directory is moved up first, so depth costs neither stack nor files.
What is mounted there is somebody's who is not the run, and stays.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pmrunnerd.services.footprint import OPEN

_PRIVATE: Final = 0o700
_LONG: Final = 4096
_LOOK: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty(directory: Path, name: str, *, enough: Callable[[], bool] = lambda: False) -> bool:
    """Delete what is in a directory `name` of a directory; False where there was `enough` before.

    What is not there is empty. Raises OSError for what is a link or no directory, and once all else
    is gone, for what does not go.
    """
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        top = _open(name, parent)
    except FileNotFoundError:
        return True
    finally:
        os.close(parent)
    stays: dict[str, OSError] = {}
    try:
        while names := set(os.listdir(top)) - stays.keys():  # noqa: PTH208 - it is a descriptor
            for one in names:
                try:
                    if enough() or not _delete(one, top, enough):
                        return False
                except OSError as exc:
                    stays[one] = exc
    finally:
        os.close(top)
    for why in stays.values():
        raise why
    return True


def remove(directory: Path, name: str) -> None:
    """Delete an empty directory; what is not there is gone. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        (directory / name).rmdir()


def _delete(name: str, top: int, enough: Callable[[], bool]) -> bool:
    """Delete what lies in `top`; directories in it are moved there, and go when it is their turn."""
    if _unlink(name, top):
        return True
    here = _open(name, top)
    stays: OSError | None = None
    try:
        for one in os.listdir(here):  # noqa: PTH208 - it is a descriptor
            if enough():
                return False
            try:
                if not _unlink(one, here):
                    # Without the right to write in it, a directory cannot be moved either.
                    _make_ours(one, here)
                    os.rename(one, f".{secrets.token_hex(8)}", src_dir_fd=here, dst_dir_fd=top)
            except OSError as exc:
                stays = exc
    finally:
        os.close(here)
    if stays is not None:
        raise stays
    os.rmdir(name, dir_fd=top)
    return True


def _unlink(name: str, here: int) -> bool:
    """Delete what is no directory; False where it is one."""
    try:
        os.unlink(name, dir_fd=here)
    except FileNotFoundError:
        return True
    except IsADirectoryError:
        return False
    return True


def _open(name: str, here: int) -> int:
    _make_ours(name, here)
    return os.open(name, OPEN, dir_fd=here)


def _make_ours(name: str, here: int) -> None:
    """Give ourselves the rights on a directory that somebody has taken from it.

    Raises OSError for a directory that is mounted there: a disk, or a part of this one.
    """
    file = os.open(name, _LOOK, dir_fd=here)
    try:
        if _mount(file) != _mount(here):
            where = os.readlink(f"/proc/self/fd/{file}")  # noqa: PTH115 - it is a descriptor
            raise OSError(errno.EBUSY, f"something is mounted at {where}")
        if os.fstat(file).st_mode & _PRIVATE != _PRIVATE:
            os.chmod(f"/proc/self/fd/{file}", _PRIVATE)  # noqa: PTH101 - it is a descriptor
    finally:
        os.close(file)


def _mount(file: int) -> bytes:
    """Return which mount an open file is of; a device can be mounted in two places."""
    # Not by `Path.read_text`: this is done twice for each directory, and that costs most of it.
    info = os.open(f"/proc/self/fdinfo/{file}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        said = os.read(info, _LONG)
    finally:
        os.close(info)
    return next(line for line in said.splitlines() if line.startswith(b"mnt_id:"))
