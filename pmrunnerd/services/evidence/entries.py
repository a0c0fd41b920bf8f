"""What a commit holds, as git lists it, and the source digest of that."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import NAME
from pmrunnerd.services import mounts
from pmrunnerd.services.git import Git, shown

_KINDS: Final = {"100644": "file", "100664": "file", "100755": "program", "120000": "link"}
_SUBMODULE: Final = "160000"
_ALL: Final = "p"
# Reads what `git cat-file --batch` prints; of each object it prints its name and its SHA-256.
_HASHES: Final = """
import hashlib, sys
given = sys.stdin.buffer
while head := given.readline().split():
    name, kind, size = head[0].decode(), head[1], int(head[2]) if len(head) == 3 else 0
    if kind != b"blob":
        sys.exit(f"{name} is {kind.decode()}")
    made, left = hashlib.sha256(), size
    while left:
        part = given.read(min(left, 1 << 20))
        if not part:
            sys.exit(f"{name} did not come to its end")
        made.update(part)
        left -= len(part)
    given.read(1)
    sys.stdout.write(f"{name} {made.hexdigest()}\\0")
"""
_HASH: Final = '"$@" cat-file --batch <&$GIVEN | "$PYTHON" -I -S -c "$PROGRAM"'


class Entry(NamedTuple):
    """A file of a commit: its mode, the name of its blob, and how large that is."""

    mode: str
    blob: str
    size: int


async def entries(git: Git, commit: str) -> dict[str, Entry]:
    """Return the files of a commit by path. Raises GitFailed, and Refused for a submodule."""
    found: dict[str, Entry] = {}
    for record in await git.records("ls-tree", "-r", "-l", "-z", "--full-tree", commit, only=_ALL):
        about, _, path = record.partition("\t")
        mode, _, blob, size = about.split()
        found[path] = Entry(mode, blob, int(size) if size.isdigit() else 0)
    return found


async def digest(git: Git, found: Mapping[str, Entry]) -> str:
    """Return the source digest of files. Raises GitFailed, and Refused for what no source has."""
    source = {path: entry for path, entry in found.items() if path != NAME}
    if strange := [path for path, entry in source.items() if entry.mode not in _KINDS]:
        kind = "a submodule" if source[strange[0]].mode == _SUBMODULE else "no file and no link"
        raise Refused(
            f"cannot tell the source digest: {shown(strange[0])} is {kind}",
            hint=f"git rm --cached {shown(strange[0])}",
        )
    hashes = await _hashes(git, {entry.blob for entry in source.values()})
    whole = hashlib.sha256()
    for path in sorted(source):
        mode, blob, _ = source[path]
        name = path.encode(errors="surrogateescape")
        whole.update(b"%s %s %s\0" % (_KINDS[mode].encode(), hashes[blob].encode(), name))
    return whole.hexdigest()


async def _hashes(git: Git, blobs: Iterable[str]) -> dict[str, str]:
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    python = str(mounts.python())
    records = await git.pipeline(_HASH, given, PYTHON=python, PROGRAM=_HASHES)
    return {name: made for name, _, made in (one.partition(" ") for one in records)}
