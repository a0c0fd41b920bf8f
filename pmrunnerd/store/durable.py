"""The one seam to the disk: nothing else in the house makes bytes durable, or decides when.

Files are small integers, paths are `Path`, sizes and offsets are bytes. The primitives are what a
disk of another kind (in memory, counting, failing) replaces; the rest is made of them alone. All
raise OSError as the kernel says it.
"""

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Final

# What a write says when there is no room. Other errors are not the disk being full.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What the kernel says before it asks the disk: it may be otherwise a moment later.
SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
# What may be otherwise a moment later, and says nothing about the disk being whole.
PASSING: Final = FULL | SCARCE
# What the medium says, or the file system of its own checksums: bytes that are gone. Others are about
# us, such as a directory in the way or no permission.
BROKEN: Final = frozenset({errno.EIO, errno.ENODATA, errno.EBADMSG, errno.EUCLEAN})
PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
_CHUNK: Final = 1 << 20
# O_NOFOLLOW: whoever can write beside us must not be able to point us at a file of somebody else.
_OPEN: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_FLAGS: Final = {
    "there": _OPEN,
    "create": _OPEN | os.O_CREAT,
    "new": _OPEN | os.O_CREAT | os.O_EXCL,
    "empty": _OPEN | os.O_CREAT | os.O_TRUNC,
    "read": os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW,
}


class Disk:
    """What the store needs of a disk."""

    # Primitives

    def open(self, path: Path, how: str = "there", mode: int = PRIVATE_FILE) -> int:
        """Open a file: one that is `there`, `create` if not, only if `new`, `empty` it, `read`."""
        return os.open(path, _FLAGS[how], mode)

    def close(self, file: int) -> None:
        os.close(file)

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        """Return up to `size` bytes; fewer, or none, only for a reason such as the end."""
        try:
            return os.pread(file, size, offset)
        except OSError as error:
            # The kernel was given a number, and a person wants to know of which file.
            with contextlib.suppress(OSError):
                error.filename = os.readlink(f"/proc/self/fd/{file}")  # noqa: PTH115 - no Path needed
            raise

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        """Write some of it and return how much; `write_all` goes on until all is written."""
        return os.pwrite(file, data, offset)

    def size(self, file: int) -> int:
        return os.fstat(file).st_size

    def truncate(self, file: int, size: int) -> None:
        os.ftruncate(file, size)

    def sync(self, file: int) -> None:
        """Return once everything written to the file survives a power cut. Never ask twice.

        After an error the kernel forgets what it could not write, and a second call would lie.
        """
        os.fdatasync(file)

    def sync_directory(self, path: Path) -> None:
        """Return once the names in a directory survive a power cut."""
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def rename(self, old: Path, new: Path) -> None:
        os.replace(old, new)  # noqa: PTH105 - this is the seam that everybody else goes through

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_directory(self, path: Path) -> None:
        """Remove a directory that is empty."""
        path.rmdir()

    def names(self, directory: Path) -> list[str]:
        """Return what lies in a directory, sorted."""
        return sorted(entry.name for entry in directory.iterdir())

    def create_directory(self, path: Path, mode: int) -> None:
        path.mkdir(mode)

    def is_directory(self, path: Path) -> bool:
        return path.is_dir()

    def is_link(self, path: Path) -> bool:
        return path.is_symlink()

    def is_file(self, path: Path) -> bool:
        """Tell whether it is a regular file itself: no link to one, and nothing that blocks."""
        return path.is_file() and not path.is_symlink()

    def free(self, directory: Path) -> int:
        """Return how many more bytes we may write there."""
        found = os.statvfs(directory)
        return found.f_bavail * found.f_frsize

    def lock(self, file: int) -> bool:
        """Take the only lock there is on a file, until it is closed; False if somebody has it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    # What is made of them

    def write_all(self, file: int, data: bytes, offset: int) -> None:
        """Write all of it, however little the kernel takes at a time."""
        rest = memoryview(data)
        while rest:
            written = self.write_at(file, rest, offset)
            rest, offset = rest[written:], offset + written

    def read_all(self, file: int, size: int, offset: int) -> bytes:
        """Return `size` bytes, or fewer where the file ends."""
        parts = []
        while size > 0 and (part := self.read_at(file, min(size, _CHUNK), offset)):
            parts.append(part)
            size, offset = size - len(part), offset + len(part)
        return b"".join(parts)

    def size_of(self, path: Path) -> int:
        """Return how many bytes a file has."""
        file = self.open(path, "read")
        try:
            return self.size(file)
        finally:
            self.close(file)

    def read_file(self, path: Path) -> bytes:
        """Return what a file holds."""
        file = self.open(path, "read")
        try:
            return self.read_all(file, self.size(file), 0)
        finally:
            self.close(file)

    def write_file(self, path: Path, data: bytes, how: str, mode: int = PRIVATE_FILE) -> None:
        """Make a file with this content durable; its name is so after `sync_directory`."""
        file = self.open(path, how, mode)
        try:
            self.write_all(file, data, 0)
            self.sync(file)
        finally:
            self.close(file)

    def replace_file(self, path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
        """Give a file new content: a crash leaves the old or the new one, never a mixture.

        The way there is a fixed name beside it, so a file has one writer at a time, and a crash
        leaves at most one file behind, which the next replacement uses up.
        """
        fresh = path.with_name(f".{path.name}.new")
        try:
            self.remove(fresh)  # it may be there with another mode
            self.write_file(fresh, data, "new", mode)
            self.rename(fresh, path)
        except OSError:
            self.remove(fresh)
            raise
        self.sync_directory(path.parent)

    def remove_tree(self, path: Path) -> None:
        """Remove what is there and all below it, links as links; what is not there is gone."""
        if self.is_link(path) or not self.is_directory(path):
            self.remove(path)
            return
        for name in self.names(path):
            self.remove_tree(path / name)
        self.remove_directory(path)

    def make_directory(self, path: Path, mode: int = PRIVATE_DIRECTORY) -> None:
        """Make a directory and those above it, durably; one that is there stays as it is."""
        if self.is_directory(path):
            return
        self.make_directory(path.parent, mode)
        try:
            self.create_directory(path, mode)
        except FileExistsError:
            if not self.is_directory(path):
                raise
        self.sync_directory(path.parent)
