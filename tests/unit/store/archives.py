"""Archives as they should be, and as somebody may have made them who means no good."""

import gzip
import io
import tarfile
from hashlib import sha256
from pathlib import Path

import msgspec

from pmrunnerd.model.upkeep import Archived, Member
from pmrunnerd.store.backup import FORMAT, MANIFEST, Origin, backup
from pmrunnerd.store.durable import Disk
from tests.unit.store.parts import AT, RELEASE


def archived(directory: Path, *, environment: str = "") -> bytes:
    """Return the archive of a state."""
    out = io.BytesIO()
    backup(Disk(), directory, out, Origin(AT, RELEASE, environment))
    return out.getvalue()


def contents(archive: bytes) -> dict[str, bytes]:
    """Return the files of an archive without its manifest."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {info.name: tar.extractfile(info) for info in tar.getmembers()}
        return {n: file.read() for n, file in found.items() if file and n != MANIFEST}


def manifest(files: dict[str, bytes], **other: object) -> bytes:
    found = Archived(
        format=FORMAT,
        release=RELEASE,
        at=AT,
        bytes=sum(map(len, files.values())),
        members=tuple(
            Member(name=name, size=len(data), sha256=sha256(data).hexdigest())
            for name, data in files.items()
        ),
        excluded=(),
    )
    return msgspec.json.encode(msgspec.to_builtins(found) | other)


def packed(files: dict[str, bytes], **other: object) -> bytes:
    """Return an archive of files whose manifest names them all."""
    return taped([*(plain(n, data) for n, data in files.items()), last(files, **other)])


def plain(name: str, data: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def last(files: dict[str, bytes], **other: object) -> tuple[tarfile.TarInfo, bytes]:
    return plain(MANIFEST, manifest(files, **other))


def taped(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), 1)
