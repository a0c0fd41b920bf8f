"""What a source tree holds, as gates are declared by it and their inputs are told apart by it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Files at the top of a source in one of which gates are declared.
DECLARING: Final = ("pyproject.toml", "pm-runner.toml", "package.json", "Makefile")
# One more than is read of any: that it is too large is said by who reads it.
_MOST: Final = (1 << 20) + 1
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def declaring(tree: Path) -> dict[str, bytes]:
    """Return the files by which gates can be declared; what is no file is none. Raises OSError."""
    found = {}
    for name in DECLARING:
        path = tree / name
        if path.is_file() and not path.is_symlink():
            with os.fdopen(os.open(path, _READ), "rb") as file:
                found[name] = file.read(_MOST)
    return found


def pairs(tree: Path) -> Iterator[tuple[str, str]]:
    """Yield each path of a tree with the digest of what is there: its kind, and its content. Raises OSError."""
    for name, about in _files(tree):
        path = tree / name
        if stat.S_ISLNK(about.st_mode):
            kind, digest = "link", hashlib.sha256(os.fsencode(path.readlink()))
        else:
            kind = "program" if about.st_mode & stat.S_IXUSR else "file"
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
        yield name, f"{kind} {digest.hexdigest()}"


def paths(tree: Path) -> list[str]:
    """Return the path of each file and link of a tree. Raises OSError."""
    return [path for path, _ in _files(tree)]


def _files(tree: Path) -> Iterator[tuple[str, os.stat_result]]:
    for directory, below, files in os.walk(tree, onerror=_raise):
        for name in (*files, *below):
            about = (path := Path(directory, name)).lstat()
            if stat.S_ISLNK(about.st_mode) or stat.S_ISREG(about.st_mode):
                yield path.relative_to(tree).as_posix(), about


def _raise(exc: OSError) -> None:
    raise exc
