"""What in a workspace's `.git` nobody in a sandbox may change: what git outside would execute.

A person's next `git status` runs what `core.fsmonitor` names, and their `git checkout` the hooks.
Only a mount point can neither be written, nor moved away, nor replaced. What is not there cannot
be one: a `commondir`, which would lead git to another `config`, is made, and leads nowhere else.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services.cell import CannotConfine

_DIRECTORIES: Final = ("hooks", "info")
_COMMON: Final = "commondir"
_HERE: Final = b".\n"
_FILES: Final = ("config", "config.worktree", _COMMON)
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def find(workspace: Path) -> tuple[Path, ...]:
    """Return what is to be guarded, and make what must be there to be; `lift` ends that.

    Nothing without a `.git`. Raises CannotConfine where a link or the like is in its place.
    """
    git = workspace / ".git"
    try:
        directory = os.open(git, _OPEN)
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise _refusal(git, exc.strerror or "it is no directory") from exc
    try:
        _stay_here(git, directory)
        for name in _DIRECTORIES:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=directory)
        return tuple(
            git / name for name in (*_FILES, *_DIRECTORIES) if _is_there(git / name, directory)
        )
    finally:
        os.close(directory)


def _is_there(path: Path, directory: int) -> bool:
    try:
        mode = os.stat(path.name, dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    if path.name in _DIRECTORIES and not stat.S_ISDIR(mode):
        raise _refusal(path, "it is no directory")
    if path.name in _FILES and not stat.S_ISREG(mode):
        raise _refusal(path, "it is no file")
    return True


def _stay_here(git: Path, directory: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(_COMMON, flags, 0o644, dir_fd=directory)
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise _refusal(git / _COMMON, exc.strerror or "it is no file") from exc
    try:
        there = os.pread(file, len(_HERE) + 1, 0)
        if there not in {b"", _HERE}:
            raise _refusal(git / _COMMON, "its history lies elsewhere")
        if not there:
            os.pwrite(file, _HERE, 0)
    finally:
        os.close(file)


def lift(workspace: Path) -> None:
    """Take away the file that was made; only by who holds the workspace, and has nothing running."""
    with contextlib.suppress(OSError):
        directory = os.open(workspace / ".git", _OPEN)
        try:
            file = os.open(_COMMON, _LOOK, dir_fd=directory)
            try:
                ours = os.pread(file, len(_HERE) + 1, 0) in {b"", _HERE}
            finally:
                os.close(file)
            if ours:
                os.unlink(_COMMON, dir_fd=directory)
        finally:
            os.close(directory)


def _refusal(path: Path, why: str) -> CannotConfine:
    return CannotConfine(f"cannot guard {path}: {why}", hint=f"ls -ld {path}")


def walls(workspace: Path, guarded: Sequence[Path]) -> list[str]:
    """Return the arguments of bubblewrap that make it so, to follow those for the workspace."""
    if not guarded:
        return []
    git = str(workspace / ".git")
    fixed = (("--ro-bind", str(path), str(path)) for path in guarded)
    return ["--bind", git, git, *(word for words in fixed for word in words)]
