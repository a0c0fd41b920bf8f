"""What in a workspace's `.git` nobody in a sandbox may change: what git outside would execute.

A person's next `git status` runs what `core.fsmonitor` names, and their `git checkout` the hooks.
Only a mount point can neither be written, nor moved away, nor replaced. What is not there cannot
be one: a `commondir`, which would lead git to another `config`, is made, and leads nowhere else; so
is an empty `config.worktree`, and a `config` where somebody took it away. So is the note that says
whose run it is. The submodules that are there have the same, each; new ones cannot be
made.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.services import marker
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.git import GitFailed

_MODULES: Final = "modules"
_KEPT: Final = "pm-runner-kept"
_DIRECTORIES: Final = ("hooks", "info", _MODULES)
# Of working trees elsewhere, whose git looks in here; and what earlier runs made, which must not be
# put to use again.
_WORKTREES: Final = "worktrees"
_COMMON: Final = "commondir"
_HERE: Final = b".\n"
_WORKTREE: Final = "config.worktree"
# Without one an agent could make one. It is not taken away again: every repository has one.
_CONFIG: Final = "config"
_FILES: Final = (_CONFIG, _WORKTREE, _COMMON)
_DEEPEST: Final = 20  # directories from one `modules` to a submodule, whose name may have slashes
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class CannotGuard(CannotConfine, GitFailed):
    """Something in `.git` is not what git would make of it."""


class Guarded(NamedTuple):
    """A mount point to be: read-only, or the git directory of a submodule, which can be written."""

    path: Path
    writable: bool = False


def find(workspace: Path) -> tuple[Guarded, ...]:
    """Return what is to be guarded, and make what must be there to be; `lift` ends that.

    Nothing without a `.git`. Raises CannotConfine where a link or the like is in its place.
    """
    return (*_one(workspace / ".git", (*_DIRECTORIES, _KEPT, _WORKTREES)), *_note(workspace))


def _note(workspace: Path) -> Iterator[Guarded]:
    note = workspace / ".git" / marker.NAME
    # What an agent without walls put in its place is no note, and goes when a run takes it.
    if note.is_file() and not note.is_symlink():
        yield Guarded(note)


def _one(git: Path, directories: Sequence[str] = _DIRECTORIES) -> Iterator[Guarded]:
    try:
        directory = os.open(git, _OPEN)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise _refusal(git, exc.strerror or "it is no directory") from exc
    try:
        _stay_here(git, directory)
        for name in (_CONFIG, _WORKTREE):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(name, _NEW, 0o644, dir_fd=directory))
        for name in directories:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=directory)
        for name in (*_FILES, *directories):
            if _is_there(git / name, directory):
                yield Guarded(git / name)
    finally:
        os.close(directory)
    for module in _submodules(git / _MODULES):
        yield Guarded(module, writable=True)
        yield from _one(module)


def submodules(git: Path) -> Iterator[Path]:
    """Yield the git directories of all submodules, deep ones too: those that `find` guards.

    Raises CannotConfine where one of them cannot be.
    """
    for module in _submodules(git / _MODULES):
        yield module
        yield from submodules(module)


def _submodules(modules: Path, depth: int = 0) -> Iterator[Path]:
    """Return the git directories below a directory of them, but for those in one another."""
    try:
        entries = sorted(os.scandir(modules), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise _refusal(modules, exc.strerror or "it is no directory") from exc
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink() or depth == _DEEPEST:
            raise _refusal(path, "no submodule of git's own making is like that")
        # A run can take a HEAD away, but no configuration, and put a HEAD elsewhere.
        if os.path.lexists(path / "HEAD") or (path / _CONFIG).is_file():
            yield path
        elif entry.is_dir(follow_symlinks=False):
            yield from _submodules(path, depth + 1)


def _is_there(path: Path, directory: int) -> bool:
    try:
        mode = os.stat(path.name, dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    if path.name in _FILES and not stat.S_ISREG(mode):
        raise _refusal(path, "it is no file")
    if path.name not in _FILES and not stat.S_ISDIR(mode):
        raise _refusal(path, "it is no directory")
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
    """Take away the files that were made; only by who holds the workspace, with nothing running."""
    git = workspace / ".git"
    _lift(git)
    # What an agent made of it is no reason to leave the rest as it is.
    with contextlib.suppress(CannotConfine):
        for module in _submodules(git / _MODULES):
            _lift(module)


def _lift(git: Path) -> None:
    with contextlib.suppress(OSError):
        directory = os.open(git, _OPEN)
        try:
            for name, ours in ((_COMMON, {b"", _HERE}), (_WORKTREE, {b""})):
                with contextlib.suppress(FileNotFoundError):
                    if _content(name, directory) in ours:
                        os.unlink(name, dir_fd=directory)
            for name in (_MODULES, _KEPT, _WORKTREES):  # empty, they were made to be mount points
                with contextlib.suppress(OSError):
                    os.rmdir(name, dir_fd=directory)
        finally:
            os.close(directory)


def _content(name: str, directory: int) -> bytes:
    file = os.open(name, _LOOK, dir_fd=directory)
    try:
        return os.pread(file, len(_HERE) + 1, 0)
    finally:
        os.close(file)


def _refusal(path: Path, why: str) -> CannotGuard:
    return CannotGuard(f"cannot guard {path}: {why}", hint=f"ls -ld {path}")


def walls(workspace: Path, guarded: Sequence[Guarded]) -> list[str]:
    """Return the arguments of bubblewrap that make it so, to follow those for the workspace."""
    if not guarded:
        return []
    points = [Guarded(workspace / ".git", writable=True), *guarded]
    return [
        word
        for path, writable in points
        for word in ("--bind" if writable else "--ro-bind", str(path), str(path))
    ]
