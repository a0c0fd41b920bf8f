"""One archive of a state: everything that is true, nothing that is secret or made from the rest.

A gzip'd tar, written from the first byte to the last: no copy of the state is made, memory does not
grow. A file that grows meanwhile is cut at the size first seen, a segment at the end of a line.
`manifest.json` comes last: only then are sizes and digests known, and without it an archive is not
whole.
"""

import tarfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Final

import msgspec

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.upkeep import Archived, Excluded, Member
from pmrunnerd.store import batch
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.levels import CURRENT
from pmrunnerd.store.segments import path_of, present
from pmrunnerd.store.verify import check_there

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
BULK: Final = ("runs", "set-aside")
# Whatever is not in this table, and is none of journal and BULK, is no state either.
EXCLUDED: Final = {
    "web.token": "it is secret",
    "lock": "belongs to this directory",
    "control.sock": "a socket",
    "snapshot.json": "made from the journal",
    "history": "made from the journal",
    "pmrunnerd.log": "a log",
    "restore": "an archive on its way in",
}
_CHUNK: Final = 1 << 18


def backup(  # noqa: PLR0913 - what goes where, and what is said of it
    disk: Disk,
    directory: Path,
    out: IO[bytes],
    *,
    at: str,
    release: str,
    environment: str = "",
) -> Archived:
    """Write an archive of a state to a stream and return its manifest. A daemon may go on.

    Raises NotFound where there is no state, and Unavailable where a file became shorter.
    """
    check_there(disk, directory)
    members: list[Member] = []
    excluded = [
        Excluded(name=name, why=EXCLUDED.get(name, "not part of the state"))
        for name in disk.names(directory)
        if name not in ("journal", *BULK)
    ]
    with tarfile.open(fileobj=out, mode="w|gz", format=tarfile.PAX_FORMAT) as tar:
        # The journal first: what it names in `runs` was written before it.
        members += [
            _add(disk, tar, directory, path, lines=True)
            for path in _segments(disk, directory / "journal")
        ]
        for path in (one for name in BULK for one in _below(disk, directory / name)):
            if disk.is_file(path):
                members.append(_add(disk, tar, directory, path, lines=False))
            else:
                name = str(path.relative_to(directory))
                excluded.append(Excluded(name=name, why="not a regular file"))
        found = Archived(
            format=FORMAT,
            level=CURRENT.writes,
            environment=environment,
            release=release,
            at=at,
            bytes=sum(member.size for member in members),
            members=tuple(members),
            excluded=tuple(excluded),
        )
        manifest = msgspec.json.encode(found)
        tar.addfile(_info(MANIFEST, len(manifest)), BytesIO(manifest))
    return found


def _segments(disk: Disk, journal: Path) -> list[Path]:
    there = present(disk, journal) if disk.is_directory(journal) else []
    return [path_of(journal, segment) for segment in there]


def _below(disk: Disk, directory: Path) -> Iterator[Path]:
    """Yield what lies below a directory and is no directory; links are not followed."""
    if not disk.is_directory(directory):
        return
    for path in (directory / name for name in disk.names(directory)):
        if disk.is_directory(path) and not disk.is_link(path):
            yield from _below(disk, path)
        else:
            yield path


def _add(disk: Disk, tar: tarfile.TarFile, directory: Path, path: Path, *, lines: bool) -> Member:
    file = disk.open(path, "read")
    try:
        size = disk.size(file)
        if lines:
            size = _whole(disk, file, size)
        name = str(path.relative_to(directory))
        reading = _Reading(disk, file, size)
        try:
            tar.addfile(_info(name, size), reading)
        except OSError as error:
            if reading.short:
                raise Unavailable(f"cannot back up {path}: it became shorter meanwhile") from error
            raise
        return Member(name=name, size=size, sha256=reading.digest.hexdigest())
    finally:
        disk.close(file)


def _whole(disk: Disk, file: int, size: int) -> int:
    """Return where the last line that has its end ends; a longer one than allowed has none."""
    at = size
    while at > 0 and size - at <= batch.LINE_LIMIT:
        start = max(at - _CHUNK, 0)
        found = disk.read_all(file, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return size if at else 0


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


class _Reading:
    """As many bytes of a file as were there when we looked, and their digest."""

    def __init__(self, disk: Disk, file: int, size: int) -> None:
        self._disk, self._file, self._size, self._at = disk, file, size, 0
        self.digest = sha256()
        self.short = False

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._at
        data = self._disk.read_all(self._file, left if size < 0 else min(size, left), self._at)
        self.short = self.short or (not data and left > 0 and size != 0)
        self._at += len(data)
        self.digest.update(data)
        return data
