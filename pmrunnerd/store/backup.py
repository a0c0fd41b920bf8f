"""One archive of a state: everything that is true, nothing that is secret or made from the rest.

A gzip'd tar, written from the first byte to the last: no copy of the state is made, memory does not
grow. A file that grows meanwhile is cut at the size first seen, a segment at the end of a line.
`manifest.json` comes last: only then are sizes and digests known, and without it an archive is not
whole.
"""

import re
import tarfile
import zlib
from collections.abc import Generator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec

from pmrunnerd.model import invocation
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.naming import ERRAND
from pmrunnerd.model.upkeep import Archived, Excluded, Member
from pmrunnerd.store import batch
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.aside import ASIDE
from pmrunnerd.store.durable import PRIVATE_FILE, Disk
from pmrunnerd.store.levels import CURRENT
from pmrunnerd.store.segments import path_of, present
from pmrunnerd.store.verify import check_there

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
BULK: Final = ("runs", ASIDE)
# Whatever is not in this table, and is none of journal and BULK, is no state either.
EXCLUDED: Final = {
    "web.token": "it is secret",
    "secrets": "it is secret",
    "lock": "belongs to this directory",
    "control.sock": "a socket",
    invocation.FILE: "belongs to this directory",
    snapshots.FILE: "made from the journal",
    "history": "made from the journal",
    "pmrunnerd.log": "a log",
    "notify.log": "a log",
    "restore": "an archive on its way in",
}
# What a restore set aside is another state, whole: an archive would double each time.
BEFORE: Final = re.compile(r"set-aside/[^/]*-before-restore(-[0-9]+)?")
# In the directory of a run whose host is another user's.
_THEIRS: Final = "another user's, who alone can read it"
# Bytes of an archive that come at a time, at least.
PIECE: Final = 1 << 18
_CHUNK: Final = 1 << 18
_GZIP: Final = 16 + zlib.MAX_WBITS

Packing = Generator[bytes, None, Archived]


class Origin(NamedTuple):
    """When, by which release, and of which environment an archive is; empty where nobody knows."""

    at: str
    release: str
    environment: str = ""


def backup(disk: Disk, directory: Path, out: IO[bytes], origin: Origin) -> Archived:
    """Write an archive of a state to a stream and return its manifest. Raises as `pack` does."""
    packing = pack(disk, directory, origin)
    while isinstance(piece := step(packing), bytes):
        out.write(piece)
    return piece


def step(packing: Packing) -> bytes | Archived:
    """Return the next piece of an archive, and after the last one its manifest."""
    try:
        return next(packing)
    except StopIteration as end:
        found: Archived = end.value
        return found


def pack(disk: Disk, directory: Path, origin: Origin) -> Packing:
    """Yield an archive of a state, piece by piece, and return its manifest. A daemon may go on.

    Raises NotFound where there is no state, and Unavailable where a file became shorter.
    """
    squeeze, piece = zlib.compressobj(wbits=_GZIP), bytearray()
    plain = _plain(disk, directory, origin)
    while isinstance(block := step(plain), bytes):
        piece += squeeze.compress(block)
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + squeeze.flush())
    return block


def _plain(disk: Disk, directory: Path, origin: Origin) -> Packing:
    """Yield a tar archive in blocks, and return its manifest."""
    check_there(disk, directory)
    members: list[Member] = []
    excluded = [
        Excluded(name=_spelled(name), why=EXCLUDED.get(name, "not part of the state"))
        for name in disk.names(directory)
        if name not in ("journal", *BULK)
    ]
    # The journal first: what it names in `runs` was written before it.
    for path in _segments(disk, directory / "journal"):
        member = yield from _file(disk, directory, path, lines=True)
        members.append(member)
    for path in (one for name in BULK for one in _below(disk, directory / name)):
        name = str(path.relative_to(directory))
        if why := _left_out(disk, path, name):
            excluded.append(Excluded(name=_spelled(name), why=why))
            continue
        try:
            members.append((yield from _file(disk, directory, path, lines=False)))
        except FileNotFoundError:
            # Only to open it is to look for it: a run was let go, and nothing of it is written yet.
            excluded.append(Excluded(name=_spelled(name), why="it was deleted meanwhile"))
        except PermissionError:
            excluded.append(Excluded(name=_spelled(name), why=_THEIRS))
    found = Archived(
        format=FORMAT,
        level=CURRENT.writes,
        environment=origin.environment,
        release=origin.release,
        at=origin.at,
        bytes=sum(member.size for member in members),
        members=tuple(members),
        excluded=tuple(excluded),
    )
    manifest = msgspec.json.encode(found)
    yield _header(MANIFEST, len(manifest)) + manifest + _padding(len(manifest))
    yield bytes(2 * tarfile.BLOCKSIZE)
    return found


def _left_out(disk: Disk, path: Path, name: str) -> str:
    """Say why a file is not for an archive; nothing where it is."""
    if _spelled(name) != name:
        return "its name is not UTF-8"
    if disk.is_directory(path) and not disk.is_link(path):
        return "a state that was set aside" if _is_other(path) else _THEIRS
    return "" if disk.is_file(path) else "not a regular file"


def _spelled(name: str) -> str:
    """Return a name as JSON can have it."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _segments(disk: Disk, journal: Path) -> list[Path]:
    there = present(disk, journal) if disk.is_directory(journal) else []
    return [path_of(journal, segment) for segment in there]


def _below(disk: Disk, directory: Path) -> Iterator[Path]:
    """Yield what lies below a directory: files, links, and states that a restore set aside."""
    if not disk.is_directory(directory):
        return
    try:
        names = disk.names(directory)
    except FileNotFoundError:  # deleted meanwhile
        return
    except PermissionError:
        yield directory
        return
    for path in (directory / name for name in names):
        if _is_errand(path):
            continue
        if disk.is_directory(path) and not disk.is_link(path) and not _is_other(path):
            yield from _below(disk, path)
        else:
            yield path


def _is_other(path: Path) -> bool:
    return BEFORE.fullmatch(f"{path.parent.name}/{path.name}") is not None


def _is_errand(path: Path) -> bool:
    """Tell whether it is there for a moment only; there can be a secret in it."""
    return path.parent.name == "runs" and ERRAND.fullmatch(path.name) is not None


def _file(
    disk: Disk, directory: Path, path: Path, *, lines: bool
) -> Generator[bytes, None, Member]:
    """Yield a file, as many bytes of it as are there now."""
    file = disk.open(path, "read")
    try:
        size = disk.size(file)
        if lines:
            size = _whole(disk, file, size)
        name = str(path.relative_to(directory))
        yield _header(name, size)
        digest, at = sha256(), 0
        while at < size:
            data = disk.read_all(file, min(_CHUNK, size - at), at)
            if not data:
                raise Unavailable(f"cannot back up {path}: it became shorter meanwhile")
            digest.update(data)
            at += len(data)
            yield data
        yield _padding(size)
        return Member(name=name, size=size, sha256=digest.hexdigest())
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


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, PRIVATE_FILE
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
