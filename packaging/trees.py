"""Trees that somebody else owns: opened through no link, looked at or copied with one read of each byte."""

import hashlib
import os
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

LOOK: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe in the place of a file would be waited for.
READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE: Final = 1 << 20


class Contents(NamedTuple):
    """The digest of a tree, as `contents.py` has it, and how much of it there is."""

    digest: str
    files: int
    bytes: int


class _Level(NamedTuple):
    prefix: str
    source: int
    copy: int | None
    below: Iterator[str]


def enter(*parts: str, at: int | None = None) -> int:
    """Open a directory, one part after the other and no link among them. Raises OSError."""
    here = os.open("/", LOOK) if at is None else os.dup(at)
    for part in (one for word in parts for one in word.split("/") if one):
        above = here
        try:
            here = os.open(part, LOOK, dir_fd=above)
        finally:
            os.close(above)
    return here


def read(name: str, at: int, most: int) -> bytes:
    """Return what a file has to say. Raises OSError, ValueError where it is none or has more than `most`."""
    file = os.open(name, READ, dir_fd=at)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError(f"{name} is no file")
        found = bytearray()
        while len(found) <= most and (piece := os.read(file, _PIECE)):
            found += piece
    finally:
        os.close(file)
    if len(found) > most:
        raise ValueError(f"{name} has more than {most} bytes")
    return bytes(found)


def contents(root: int, into: int | None = None) -> Contents:
    """Look at a whole tree; what is copied `into` a directory is, byte by byte, what was looked at.

    Raises OSError, and ValueError where it holds what is neither file, link nor directory.
    """
    found: list[tuple[str, str, str]] = []
    size = 0
    levels = [_level("", root, into, found)]
    try:
        while levels:
            prefix, source, copy, below = levels[-1]
            name = next(below, None)
            if name is None:
                _leave(levels.pop())
                continue
            if copy is not None:
                os.mkdir(name, 0o755, dir_fd=copy)
            levels.append(_below(prefix, name, source, copy, found))
    finally:
        while levels:
            _leave(levels.pop())
    whole = hashlib.sha256()
    for name, what, digest in sorted(found):
        kind, _, length = what.partition(":")
        size += int(length)
        whole.update(b"%s %s %s\0" % (kind.encode(), digest.encode(), os.fsencode(name)))
    return Contents(whole.hexdigest(), len(found), size)


def _below(
    prefix: str, name: str, source: int, copy: int | None, found: list[tuple[str, str, str]]
) -> _Level:
    above = os.open(name, _LIST, dir_fd=source)
    try:
        into = None if copy is None else os.open(name, _LIST, dir_fd=copy)
        try:
            return _level(f"{prefix}{name}/", above, into, found)
        finally:
            if into is not None:
                os.close(into)
    finally:
        os.close(above)


def _level(prefix: str, root: int, into: int | None, found: list[tuple[str, str, str]]) -> _Level:
    """Take in the files and links of one directory; what is below comes one after the other."""
    source = os.open(".", _LIST, dir_fd=root)
    copy = None if into is None else os.open(".", _LIST, dir_fd=into)
    level = _Level(prefix, source, copy, iter(()))
    try:
        directories = []
        with os.scandir(source) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.name)
                elif entry.is_symlink():
                    target = os.readlink(entry.name, dir_fd=source)
                    if copy is not None:
                        os.symlink(target, entry.name, dir_fd=copy)
                    raw = os.fsencode(target)
                    said = f"link:{len(raw)}", hashlib.sha256(raw).hexdigest()
                    found.append((prefix + entry.name, *said))
                else:
                    found.append((prefix + entry.name, *_file(entry.name, source, copy)))
    except BaseException:
        _leave(level)
        raise
    return level._replace(below=iter(directories))


def _leave(level: _Level) -> None:
    os.close(level.source)
    if level.copy is not None:
        os.close(level.copy)


def _file(name: str, source: int, copy: int | None) -> tuple[str, str]:
    file = os.open(name, READ, dir_fd=source)
    new = None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{name} is neither a file nor a link")
        program = bool(about.st_mode & stat.S_IXUSR)
        if copy is not None:
            new = os.open(name, _NEW, 0o755 if program else 0o644, dir_fd=copy)
        digest, size = hashlib.sha256(), 0
        while piece := os.read(file, _PIECE):
            digest.update(piece)
            size += len(piece)
            if new is not None:
                write(new, piece)
    finally:
        os.close(file)
        if new is not None:
            os.close(new)
    return f"{'program' if program else 'file'}:{size}", digest.hexdigest()


def seal(root: int, uid: int, gid: int) -> None:
    """Give a whole tree to somebody, for all to read and nobody else to write; what is setuid is so no more.

    Raises OSError, and ValueError where it holds what is neither file, link nor directory.
    """
    above: list[tuple[int, list[str]]] = []
    try:
        above.append((os.open(".", _LIST, dir_fd=root), []))
        above[-1][1].extend(_seal(above[-1][0], uid, gid))
        while above:
            here, below = above[-1]
            if not below:
                os.close(above.pop()[0])
                continue
            there = os.open(below.pop(), _LIST, dir_fd=here)
            above.append((there, []))
            above[-1][1].extend(_seal(there, uid, gid))
    finally:
        for here, _ in above:
            os.close(here)


def _seal(here: int, uid: int, gid: int) -> Iterator[str]:
    """Seal one directory and what lies in it, but for the directories, whose names it yields."""
    os.fchown(here, uid, gid)
    os.fchmod(here, 0o755)
    for name in os.listdir(here):
        about = os.lstat(name, dir_fd=here)
        if stat.S_ISDIR(about.st_mode):
            yield name
        elif stat.S_ISLNK(about.st_mode):
            os.chown(name, uid, gid, dir_fd=here, follow_symlinks=False)
        elif stat.S_ISREG(about.st_mode):
            file = os.open(name, READ, dir_fd=here)
            try:
                os.fchown(file, uid, gid)
                os.fchmod(file, 0o755 if about.st_mode & stat.S_IXUSR else 0o644)
            finally:
                os.close(file)
        else:
            raise ValueError(f"{name} is neither a file nor a link")


def write(file: int, data: bytes) -> None:
    """Write all of it. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def digest(name: str, at: int) -> tuple[str, int]:
    """Return the digest of a file and its size; nothing where it is none, or cannot be read."""
    try:
        kind, found = _file(name, at, None)
    except (OSError, ValueError):
        return "", 0
    return found, int(kind.partition(":")[2])
