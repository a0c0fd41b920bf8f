"""Writes a commit's source into a directory of its own, as its objects come: whole or not at all."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import BOUNDS, EVIDENCE, Bounds, Extracted, Kind
from pmrunnerd.rules.source import links, pointers
from pmrunnerd.rules.source.digest import Digest
from pmrunnerd.rules.source.trees import Item, Mode
from pmrunnerd.services import disposal
from pmrunnerd.services.source import ondisk
from pmrunnerd.services.source.complaint import refuse, told
from pmrunnerd.services.source.descent import DIRECTORY, Descent
from pmrunnerd.services.source.objects import Damaged, Objects
from pmrunnerd.services.source.walk import Enter, Leaf, Leave, TooMuch, Wrong, tree_of, walk

PARTIAL: Final = re.compile(r"\.partial-[0-9a-f]{16}")
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS: Final = {
    Mode.FILE: (Kind.FILE, 0o644),
    Mode.GROUP: (Kind.FILE, 0o644),
    Mode.PROGRAM: (Kind.PROGRAM, 0o755),
}
_TARGET: Final = 1 << 16


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
            tree, digest = _fill(partial, file, commit, bounds, what)
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


def _fill(
    partial: Path, file: BufferedReader, commit: str, bounds: Bounds, what: str
) -> tuple[str, Digest]:
    objects, wrong = Objects(file, len(commit)), Wrong()
    tree = tree_of(objects, commit)
    filling = _Filling(os.open(partial, DIRECTORY), objects, wrong, bounds)
    try:
        for step in walk(objects, tree, wrong, bounds):
            filling.take(step)
    finally:
        filling.close()
    if file.read(1):
        raise Damaged("more came than was wanted")
    for path, why in links.leads_out(filling.links).items():
        wrong.add(path, why)
    refuse(what, wrong)
    return tree, filling.digest


class _Filling:
    """Writes step by step. Once something is wrong nothing more is written, and all is looked at."""

    def __init__(self, top: int, objects: Objects, wrong: Wrong, bounds: Bounds) -> None:
        self._descent = Descent(top)
        self._objects, self._wrong, self._bounds = objects, wrong, bounds
        self.links: dict[str, str] = {}
        self.digest = Digest()
        self._deep = 0

    def close(self) -> None:
        self._descent.close()

    def take(self, step: Enter | Leave | Leaf) -> None:
        match step:
            case Enter(name):
                if not self._deep and name == EVIDENCE:
                    self._wrong.add(EVIDENCE, "it is a directory")
                self._deep += 1
                if not self._wrong.count:
                    self._descent.make(name)
            case Leave():
                self._deep -= 1
                if not self._wrong.count:
                    self._descent.leave()
            case Leaf(path, item):
                self._leaf(path, item)

    def _leaf(self, path: str, item: Item) -> None:
        if item.mode is Mode.SUBMODULE:
            self._wrong.add(path, "it is a submodule")
            self._objects.skip(item.id)
            return
        try:
            self._blob(path, item)
        except Damaged as exc:
            raise type(exc)(f"{path}: {exc}") from exc
        if self.digest.bytes > self._bounds.bytes or self.digest.files > self._bounds.files:
            raise TooMuch(
                f"it has more than {self._bounds.files} files, or {self._bounds.bytes} bytes"
            )

    def _blob(self, path: str, item: Item) -> None:
        size, chunks = self._objects.next(item.id, "blob")
        if path == EVIDENCE:
            self._evidence(item, size, chunks)
        elif item.mode is Mode.LINK:
            self._link(path, item.name.decode(errors="replace"), size, chunks)
        else:
            self._file(path, item, size, chunks)

    def _evidence(self, item: Item, size: int, chunks: Iterator[bytes]) -> None:
        """It is in no source; but what stands there is to be what people take it for."""
        if item.mode is Mode.LINK:
            self._wrong.add(EVIDENCE, "it is a link")
        if size > self._bounds.evidence:
            self._wrong.add(EVIDENCE, f"it has more than {self._bounds.evidence} bytes")
        for _ in chunks:
            pass

    def _link(self, path: str, name: str, size: int, chunks: Iterator[bytes]) -> None:
        if size > _TARGET:
            raise TooMuch(f"{path} is a link whose target has {size} bytes")
        target = b"".join(chunks)
        if why := links.unfit(target):
            self._wrong.add(path, why)
            return
        self.links[path] = target.decode()
        self.digest.add(path, Kind.LINK, hashlib.sha256(target).hexdigest(), size)
        if not self._wrong.count:
            os.symlink(target, os.fsencode(name), dir_fd=self._descent.here)

    def _file(self, path: str, item: Item, size: int, chunks: Iterator[bytes]) -> None:
        if size > self._bounds.file:
            raise TooMuch(
                f"{path} has {size} bytes, and {self._bounds.file} are the most of a file"
            )
        kind, mode = _KINDS[item.mode]
        made, start = hashlib.sha256(), b""
        file = None
        if not self._wrong.count:
            file = os.open(item.name, _NEW, 0o600, dir_fd=self._descent.here)
        try:
            for chunk in chunks:
                made.update(chunk)
                start = start or chunk
                if file is not None:
                    _write(file, chunk)
            if file is not None:
                # Said, so that no umask counts.
                os.fchmod(file, mode)
        finally:
            if file is not None:
                os.close(file)
        if size < pointers.LARGEST and pointers.is_pointer(start):
            self._wrong.add(path, "it is a pointer of Git LFS, whose content is not in the commit")
        self.digest.add(path, kind, made.hexdigest(), size)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
