"""Looks at every file below a directory: its kind, its digest, and whether others could change it."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.rules.proof.manifest import Entry

_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_FILE: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CHUNK: Final = 1 << 20


def look(top: Path) -> dict[str, Entry]:
    """Return what each name below a directory stands for; what is neither file nor link is of kind `other`.

    Raises OSError where something cannot be read.
    """
    found: dict[str, Entry] = {}
    for directory, below, files in os.walk(top, onerror=_raise):
        inside = os.path.relpath(directory, top)
        links = [name for name in below if os.path.islink(f"{directory}/{name}")]  # noqa: PTH114 - thousands
        for name in (*files, *links):
            found[name if inside == "." else f"{inside}/{name}"] = _entry(f"{directory}/{name}")
    return found


def _entry(path: str) -> Entry:
    about = os.lstat(path)
    if stat.S_ISLNK(about.st_mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - as above
        return Entry("link", hashlib.sha256(target).hexdigest())
    if not stat.S_ISREG(about.st_mode):
        return Entry("other", "")
    kind = "program" if about.st_mode & stat.S_IXUSR else "file"
    with open(os.open(path, _FILE), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        return Entry(kind, hashlib.file_digest(file, "sha256").hexdigest())


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
