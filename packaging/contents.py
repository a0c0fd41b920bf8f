"""What a tree is, as one digest: names, kinds, modes that matter and every byte; no times, no owners.

The digest is that of a list, `KIND DIGEST NAME` and a NUL for each file, by which a changed one can be named.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Contents(NamedTuple):
    """The digest of a tree, how many files it has, how many bytes are in them, and the list of them."""

    digest: str
    listing: bytes
    files: int
    bytes: int


def contents(root: Path, names: Iterable[str] | None = None) -> Contents:
    """Look at everything below a directory, or at the files of it that are named.

    Raises OSError where something cannot be read, ValueError where it is neither file nor link.
    """
    entries = list(_entries(root, sorted(_names(root) if names is None else names)))
    listing = b"".join(entry for entry, _ in entries)
    digest = hashlib.sha256(listing).hexdigest()
    return Contents(digest, listing, len(entries), sum(size for _, size in entries))


def _entries(root: Path, names: list[str]) -> Iterator[tuple[bytes, int]]:
    for name in names:
        path = root / name
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            kind, digest = "link", hashlib.sha256(_target(path)).hexdigest()
        elif stat.S_ISREG(about.st_mode):
            kind = "program" if about.st_mode & stat.S_IXUSR else "file"
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            raise ValueError(f"{path} is neither a file nor a link")
        entry = b"%s %s %s\0" % (kind.encode(), digest.encode(), os.fsencode(name))
        yield entry, about.st_size


def differences(before: bytes, after: bytes) -> list[str]:
    """Return the names that two lists do not have in common."""
    apart = {*before.split(b"\0")} ^ {*after.split(b"\0")}
    return sorted({os.fsdecode(entry.split(b" ", 2)[-1]) for entry in apart if entry})


def _target(link: Path) -> bytes:
    # To `Path.readlink` `d/` and `d` are the same target.
    return os.readlink(os.fsencode(link))  # noqa: PTH115


def _names(root: Path) -> Iterator[str]:
    for directory, below, files in os.walk(root, onerror=_raise):
        inside = Path(directory).relative_to(root)
        links = (name for name in below if Path(directory, name).is_symlink())
        yield from (str(inside / name) for name in (*files, *links))


def _raise(exc: OSError) -> None:
    raise exc
