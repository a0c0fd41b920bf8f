"""Looks at every file below a directory: its kind, its digest, and whether others could change it."""

import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pmrunnerd.rules.proof.manifest import Entry

_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_FILE: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PIECE: Final = 1 << 16
# Seconds: what was changed just now could be changed again within a tick of the kernel's clock, and look the same.
SETTLED: Final = 2.0


class Known:
    """Files that were read before, for one process that looks at the same tree again and again.

    The kernel writes down each change of a file, of its name and of its modes as its `ctime`, which nobody can set: who
    could turn back the clock for that is root, and needs no release. A disk that rots is no matter of this either: the
    second reading would be of memory.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[tuple[int, ...], Entry]] = {}

    def entry(self, path: str) -> Entry:
        """Return what a name stands for, and read it only where it was touched since. Raises OSError."""
        about = os.lstat(path)
        mark = (about.st_dev, about.st_ino, about.st_mode, about.st_size, about.st_ctime_ns)
        known = self._files.get(path)
        if known is not None and known[0] == mark:
            return known[1]
        found = _entry(path)
        if time.time() - about.st_ctime > SETTLED:
            self._files[path] = mark, found
        return found


def look(top: Path, entry: Callable[[str], Entry] | None = None) -> dict[str, Entry]:
    """Return what each name below a directory stands for; what is neither file nor link is of kind `other`.

    `entry` reads one of them, if not we. Raises OSError where something cannot be read.
    """
    read = entry or _entry
    found: dict[str, Entry] = {}
    for directory, below, files in os.walk(top, onerror=_raise):
        inside = os.path.relpath(directory, top)
        links = [name for name in below if os.path.islink(f"{directory}/{name}")]  # noqa: PTH114 - thousands
        for name in (*files, *links):
            found[name if inside == "." else f"{inside}/{name}"] = read(f"{directory}/{name}")
    return found


def _entry(path: str) -> Entry:
    about = os.lstat(path)
    if stat.S_ISLNK(about.st_mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - as above
        return Entry("link", hashlib.sha256(target).hexdigest())
    if not stat.S_ISREG(about.st_mode):
        return Entry("other", "")
    kind = "program" if about.st_mode & stat.S_IXUSR else "file"
    file = os.open(path, _FILE)
    try:
        found = hashlib.sha256()
        # `file_digest` makes room of 256 KiB for each, and most are small.
        while data := os.read(file, _PIECE):
            found.update(data)
    finally:
        os.close(file)
    return Entry(kind, found.hexdigest())


def writable(release: Path) -> tuple[str, ...]:
    """Return what of a release somebody else than the owner of its directory could change.

    Raises OSError where something cannot be looked at.
    """
    owner = release.lstat().st_uid
    found = []
    for directory, below, files in os.walk(release, onerror=_raise):
        for name in ("", *below, *files):
            if name in below and not os.path.islink(f"{directory}/{name}"):  # noqa: PTH114 - as above
                continue  # it comes as a directory of its own
            path = f"{directory}/{name}".rstrip("/")
            about = os.lstat(path)
            open_to_others = about.st_mode & _OTHERS and not stat.S_ISLNK(about.st_mode)
            if about.st_uid != owner or open_to_others:
                found.append(os.path.relpath(path, release))
    return tuple(sorted(found))


def _raise(exc: OSError) -> None:
    raise exc
