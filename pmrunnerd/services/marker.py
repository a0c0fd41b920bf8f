"""The note in a workspace that says which run works there, from which commit on.

`.git/pm-runner-run`, made when a run takes the workspace and removed when it gives it back. In a
sandbox nobody can write it. An agent without one can: what it says is checked.
"""

import contextlib
import os
import re
import secrets
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.services.broom.refnames import is_reference
from pmrunnerd.services.git import OBJECT, GitFailed
from pmrunnerd.store.durable import Disk

NAME: Final = "pm-runner-run"
_RUN: Final = re.compile(r"[a-z][0-9]+-[0-9a-f]{4,32}")
_LONG: Final = 1 << 20
_DIRECTORY_OF: Final = re.compile(r"modules(/[^/\x00]+)+")
# Names that lead elsewhere; git has no file of these, and `.git` is never in its index.
_HERE: Final = frozenset({"", ".", "..", "/", ".git"})
_DISK: Final = Disk()
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Within(Struct, frozen=True, kw_only=True):
    """A submodule as a run found it, without changes; `directory` is its own below `.git`.

    `branch` is empty where its HEAD is none, as `git submodule update` leaves it.
    """

    path: str
    directory: str
    head: str
    branch: str = ""

    def is_sound(self) -> bool:
        """Tell whether it can be what we wrote."""
        parts = PurePosixPath(self.path).parts
        return bool(
            OBJECT.fullmatch(self.head)
            and (not self.branch or _is_branch(self.branch))
            and (parts and "/".join(parts) == self.path and _HERE.isdisjoint(parts))
            and _DIRECTORY_OF.fullmatch(self.directory)
            and _HERE.isdisjoint(self.directory.split("/"))
        )


class Marker(Struct, frozen=True, kw_only=True):
    """Who works in a workspace, the commit and branch that it began with, and when (POSIX).

    `submodules` are those that go back, too, each before those in it. `restoring` is the reference
    of which, while it stands, not all may be in the tree.
    """

    run: str
    head: str
    branch: str
    since: float = 0.0
    submodules: tuple[Within, ...] = ()
    restoring: str = ""

    def is_sound(self) -> bool:
        """Tell whether it can be what we wrote."""
        return bool(
            _RUN.fullmatch(self.run)
            and OBJECT.fullmatch(self.head)
            and _is_branch(self.branch)
            and all(within.is_sound() for within in self.submodules)
        )


def read(workspace: Path) -> Marker | None:
    """Return the note of a workspace; None if there is none, or none that we could have written."""
    with _git_directory(workspace) as directory:
        try:
            # O_NONBLOCK: it could be a FIFO by now, which nobody will ever write to.
            file = _open(directory, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            marker = msgspec.json.decode(os.read(file, _LONG), type=Marker)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError):
            return None
        finally:
            os.close(file)
    return marker if marker.is_sound() else None


def write(workspace: Path, marker: Marker) -> None:
    """Leave a note, in place of one that is there. Raises OSError, GitFailed."""
    remove(workspace)
    with _git_directory(workspace) as directory:
        file = _open(directory, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(file, msgspec.json.encode(marker))
        finally:
            os.close(file)


def exchange(workspace: Path, marker: Marker, disk: Disk = _DISK) -> None:
    """Put a note in place of the one that is there, in one step and for good. Raises OSError."""
    with _git_directory(workspace) as directory:
        # Nobody can have made this name something else; `broom` knows how it begins.
        name = f"{NAME}.{secrets.token_hex(8)}"
        file = _open(directory, os.O_WRONLY | os.O_CREAT | os.O_EXCL, name)
        try:
            os.write(file, msgspec.json.encode(marker))
            disk.sync(file)
        finally:
            os.close(file)
        os.rename(name, NAME, src_dir_fd=directory, dst_dir_fd=directory)
        disk.sync_directory(Path(f"/proc/self/fd/{directory}"))


def made(workspace: Path) -> float:
    """Return when a note was made (POSIX), by its inode's time of change. Raises OSError."""
    with _git_directory(workspace) as directory:
        return os.stat(NAME, dir_fd=directory, follow_symlinks=False).st_ctime


def remove(workspace: Path) -> None:
    """Take the note away. Raises OSError, and GitFailed where something else is in its place."""
    with _git_directory(workspace) as directory, contextlib.suppress(FileNotFoundError):
        try:
            os.unlink(NAME, dir_fd=directory)
        except IsADirectoryError:
            path = workspace / ".git" / NAME
            raise GitFailed(
                f"cannot use {path}: it is a directory; rm -r {shlex.quote(str(path))}"
            ) from None


def _is_branch(name: str) -> bool:
    # What begins so is an option to git.
    return not name.startswith("-") and is_reference(b"refs/heads/" + os.fsencode(name))


def _open(directory: int, flags: int, name: str = NAME) -> int:
    return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)


@contextlib.contextmanager
def _git_directory(workspace: Path) -> Iterator[int]:
    """Hold `.git` itself: an agent may have put a symbolic link in its place."""
    directory = os.open(workspace / ".git", _DIRECTORY)
    try:
        yield directory
    finally:
        os.close(directory)
