"""Writes a commit's source into a directory of its own, as its objects come: whole or not at all."""

import os
import re
import secrets
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import BOUNDS, Bounds, Extracted, Kind
from pmrunnerd.rules.source.digest import Digest
from pmrunnerd.services import disposal
from pmrunnerd.services.source import ondisk
from pmrunnerd.services.source.complaint import told
from pmrunnerd.services.source.descent import DIRECTORY, Descent
from pmrunnerd.services.source.objects import Damaged
from pmrunnerd.services.source.taking import take

PARTIAL: Final = re.compile(r"\.partial-[0-9a-f]{16}")
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODES: Final = {Kind.FILE: 0o644, Kind.PROGRAM: 0o755}


def unpack(file: BufferedReader, commit: str, into: Path, bounds: Bounds = BOUNDS) -> Extracted:
    """Make the directory `into` of a commit's objects, which come in `file`, and look at it again.

    What is there under that name stays, and is refused. Raises PmError, OSError; then nothing is
    there. Nothing of it is durable: what a crash left is made again.
    """
    what = f"take the source of {commit}"
    if os.path.lexists(into):
        raise Refused(f"cannot {what} to {into}: something is there")
    name = f".partial-{secrets.token_hex(8)}"
    partial = into.parent / name
    partial.mkdir(0o700)
    try:
        with told(what):
            lying = _Lying(os.open(partial, DIRECTORY))
            try:
                tree, digest = take(file, commit, lying, bounds, what)
            finally:
                lying.close()
            _look_again(partial, digest)
        partial.chmod(0o755)
        partial.rename(into)
    except BaseException:
        disposal.empty(into.parent, name)
        disposal.remove(into.parent, name)
        raise
    return Extracted(
        commit=commit, tree=tree, digest=digest.value(), files=digest.files, bytes=digest.bytes
    )


def _look_again(partial: Path, digest: Digest) -> None:
    if ondisk.measure(partial).value() != digest.value():
        raise Damaged("what came to lie on the disk is not what was read")


def clear(directory: Path) -> None:
    """Delete what was unpacked in part, in a directory, when somebody was killed. Raises OSError."""
    for one in sorted(directory.iterdir()):
        if PARTIAL.fullmatch(one.name):
            disposal.empty(directory, one.name)
            disposal.remove(directory, one.name)


class _Lying:
    """Has a source lie in a directory."""

    def __init__(self, top: int) -> None:
        self._descent = Descent(top)

    def close(self) -> None:
        self._descent.close()

    def enter(self, name: str) -> None:
        self._descent.make(name)

    def leave(self) -> None:
        self._descent.leave()

    def link(self, name: bytes, target: bytes) -> None:
        os.symlink(target, name, dir_fd=self._descent.here)

    def file(self, name: bytes, kind: Kind, content: Iterable[bytes]) -> None:
        file = os.open(name, _NEW, 0o600, dir_fd=self._descent.here)
        try:
            for chunk in content:
                _write(file, chunk)
            # Said, so that no umask counts.
            os.fchmod(file, _MODES[kind])
        finally:
            os.close(file)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
