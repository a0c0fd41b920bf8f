"""Unpacks an archive that anybody may have made: nothing in it is believed before it was looked at.

Only regular files of a state are taken, each written where its name says and nowhere else. What it
may cost is bounded by what the disk has room for, and memory by what headers and a manifest need.
"""

import gzip
import re
import tarfile
import zlib
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

import msgspec

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.upkeep import Archived
from pmrunnerd.store.backup import BULK, FORMAT, MANIFEST
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive, TooNew

# Files that one archive may have, and bytes of its manifest.
MEMBERS: Final = 1 << 20
MANIFEST_LIMIT: Final = 256 << 20
# Bytes that the headers of one member may have: a long name needs a few hundred.
HEADERS: Final = 1 << 18
# Bytes that stay free on the disk; and how a file counts that has only a few.
RESERVE: Final = 1 << 20
BLOCK: Final = 4 << 10
DEEPEST: Final = 32
_CHUNK: Final = 1 << 18
_SEGMENT: Final = re.compile(r"journal/[0-9]{8}\.jsonl")
_manifests: Final = msgspec.json.Decoder(Archived)


def unpack(disk: Disk, source: IO[bytes], to: Path) -> Archived:
    """Unpack a whole archive into an empty directory, durably, and return its manifest.

    Raises BadArchive where it is none, or damaged, or more than a state; TooNew for a format of a
    newer release; Unavailable where there is no room.
    """
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as plain:
            metered = _Metered(cast("IO[bytes]", plain))
            with tarfile.open(fileobj=cast("IO[bytes]", metered), mode="r|") as tar:
                unpacking = _Unpacking(disk, to, metered, tar)
                unpacking.take_all()
            # Only the very end tells whether all before it came as it was sent.
            metered.allow(HEADERS)
            while metered.read(_CHUNK):
                pass
    except EOFError as error:
        raise BadArchive("it ends in the middle") from error
    except (ValueError, zlib.error, tarfile.TarError, gzip.BadGzipFile) as error:
        begun = disk.names(to)
        raise BadArchive("it is damaged" if begun else "it is no gzip'd tar of a state") from error
    found = unpacking.compare()
    for directory in sorted(unpacking.directories, reverse=True):
        disk.sync_directory(directory)
    return found


class _Metered:
    """Gives no more bytes than were allowed: what a small archive unpacks to can be without end."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self._left = HEADERS

    def allow(self, count: int) -> None:
        self._left = count

    def read(self, size: int) -> bytes:
        data = self._inner.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise BadArchive("it holds more than it says")
        return data


class _Unpacking:
    """One archive on its way to the disk. `directories` are those that were made."""

    def __init__(self, disk: Disk, to: Path, metered: _Metered, tar: tarfile.TarFile) -> None:
        self._disk = disk
        self._to = to
        self._metered = metered
        self._tar = tar
        self._found: dict[str, tuple[int, str]] = {}
        self._manifest: Archived | None = None
        self.directories = {to}

    def take_all(self) -> None:
        self._metered.allow(HEADERS)
        while (info := self._tar.next()) is not None:
            self._tar.members = []  # type: ignore[attr-defined] # it would remember them all
            self._metered.allow(info.size + HEADERS)
            self._take(info)
            self._metered.allow(HEADERS)

    def compare(self) -> Archived:
        """Return the manifest. Raises BadArchive unless it names what was found, and all of it."""
        if self._manifest is None:
            raise BadArchive(f"it has no {MANIFEST}, so it is not whole")
        named = {one.name: (one.size, one.sha256) for one in self._manifest.members}
        for name in sorted(named.keys() | self._found.keys()):
            if named.get(name) != self._found.get(name):
                raise BadArchive(f"{name!r} is not as the manifest says")
        return self._manifest

    def _take(self, info: tarfile.TarInfo) -> None:
        name = info.name
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.issparse():
            raise BadArchive(f"{name!r} is not a regular file")
        if name in self._found or (name == MANIFEST and self._manifest):
            raise BadArchive(f"{name!r} is in it twice")
        if len(self._found) >= MEMBERS:
            raise BadArchive(f"it has more than {MEMBERS} files")
        if name == MANIFEST:
            self._manifest = self._read_manifest(info)
        else:
            self._found[name] = self._write(info, self._place(name))

    def _read_manifest(self, info: tarfile.TarInfo) -> Archived:
        if info.size > MANIFEST_LIMIT:
            raise BadArchive(f"its manifest has {info.size} bytes")
        raw = self._content(info).read(info.size)
        try:
            version = msgspec.json.decode(raw, type=_Versioned).format
            if version > FORMAT:
                raise TooNew(
                    f"cannot use the archive: it is of format {version}, and this release reads"
                    f" formats up to {FORMAT}"
                )
            return _manifests.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadArchive(f"its manifest is malformed: {error}") from error

    def _place(self, name: str) -> Path:
        """Return where a file belongs, its directory made. Raises BadArchive for another name."""
        parts = PurePosixPath(name).parts
        plain = "/".join(parts) == name and not {"..", "/", "."} & {*parts} and "\0" not in name
        inside = _SEGMENT.fullmatch(name) or (len(parts) > 1 and parts[0] in BULK)
        if not (plain and inside) or len(parts) > DEEPEST:
            raise BadArchive(f"{name!r} is no file of a state")
        path = self._to.joinpath(*parts)
        if path in self.directories:
            raise BadArchive(f"{name!r} is in it twice")
        for above in reversed(path.relative_to(self._to).parents[:-1]):
            if str(above) in self._found:
                raise BadArchive(f"{str(above)!r} is in it twice")
            if self._to / above not in self.directories:
                self._disk.create_directory(self._to / above, 0o700)
                self.directories.add(self._to / above)
        return path

    def _write(self, info: tarfile.TarInfo, path: Path) -> tuple[int, str]:
        room = self._disk.free(self._to) - RESERVE
        if max(info.size, BLOCK) > room:
            raise Unavailable(
                f"cannot unpack the archive: no room for {info.name!r}, {info.size} bytes",
                hint=f"df -h {self._to.parent.parent}",
            )
        content, digest, at = self._content(info), sha256(), 0
        file = self._disk.open(path, "new")
        try:
            while data := content.read(_CHUNK):
                self._disk.write_all(file, data, at)
                digest.update(data)
                at += len(data)
            self._disk.sync(file)
        finally:
            self._disk.close(file)
        if at != info.size:
            raise EOFError
        return at, digest.hexdigest()

    def _content(self, info: tarfile.TarInfo) -> IO[bytes]:
        content = self._tar.extractfile(info)
        assert content is not None, "a regular file has content"
        return content


class _Versioned(msgspec.Struct):
    format: int
