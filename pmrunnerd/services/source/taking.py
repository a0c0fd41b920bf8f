"""Takes a commit's source as its objects come: looked at, hashed, and handed on to where it is to lie, if anywhere."""

import hashlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Final, Protocol

from pmrunnerd.model.source import EVIDENCE, Bounds, Kind
from pmrunnerd.rules.source import links, pointers
from pmrunnerd.rules.source.digest import Digest
from pmrunnerd.rules.source.trees import Item, Mode
from pmrunnerd.services.source.complaint import refuse
from pmrunnerd.services.source.objects import CHUNK, Damaged, Objects
from pmrunnerd.services.source.walk import Enter, Leaf, Leave, TooMuch, Wrong, tree_of, walk

_KINDS: Final = {Mode.FILE: Kind.FILE, Mode.GROUP: Kind.FILE, Mode.PROGRAM: Kind.PROGRAM}
_TARGET: Final = 1 << 16


class Place(Protocol):
    """Where a source comes to lie, entry by entry, a directory before what is in it."""

    def enter(self, name: str) -> None:
        """Make a directory; what comes next is in it."""

    def leave(self) -> None:
        """Go back to the directory above."""

    def link(self, name: bytes, target: bytes) -> None:
        """Make a link."""

    def file(self, name: bytes, kind: Kind, content: Iterable[bytes]) -> None:
        """Make a file of all of its content, which has to be taken."""


class Nowhere:
    """Keeps nothing: for whoever wants to know the digest alone."""

    def enter(self, name: str) -> None:
        """Make nothing."""

    def leave(self) -> None:
        """Go nowhere."""

    def link(self, name: bytes, target: bytes) -> None:
        """Make nothing."""

    def file(self, name: bytes, kind: Kind, content: Iterable[bytes]) -> None:
        """Let the content pass."""
        del name, kind
        for _ in content:
            pass


def take(
    file: BufferedReader, commit: str, place: Place, bounds: Bounds, what: str
) -> tuple[str, Digest]:
    """Return the tree and the digest of a commit's source, once all of it lies in its place.

    Raises Refused with all that no source has, to whom `what` was wanted; Damaged, TooMuch, OSError.
    """
    objects, wrong = Objects(file, len(commit)), Wrong()
    tree = tree_of(objects, commit)
    taking = _Taking(place, objects, wrong, bounds)
    for step in walk(objects, tree, wrong, bounds):
        taking.take(step)
    if file.read(1):
        raise Damaged("more came than was wanted")
    for path, why in links.leads_out(taking.links).items():
        wrong.add(path, why)
    refuse(what, wrong)
    return tree, taking.digest


class _Taking:
    """Takes step by step. Once something is wrong nothing more is handed on, and all is looked at."""

    def __init__(self, place: Place, objects: Objects, wrong: Wrong, bounds: Bounds) -> None:
        self._given = place
        self._objects, self._wrong, self._bounds = objects, wrong, bounds
        self.links: dict[str, str] = {}
        self.digest = Digest()
        self._deep = 0

    @property
    def _place(self) -> Place:
        return Nowhere() if self._wrong.count else self._given

    def take(self, step: Enter | Leave | Leaf) -> None:
        match step:
            case Leaf(path, item):
                self._leaf(path, item)
            case Enter(name):
                if not self._deep and name == EVIDENCE:
                    self._wrong.add(EVIDENCE, "it is a directory")
                self._deep += 1
                self._place.enter(name)
            case Leave():
                self._deep -= 1
                self._place.leave()

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
            self._link(path, item.name, size, chunks)
        else:
            self._file(path, item, size, chunks)

    def _evidence(self, item: Item, size: int, chunks: Iterable[bytes]) -> None:
        """It is in no source; but what stands there is to be what people take it for."""
        if item.mode is Mode.LINK:
            self._wrong.add(EVIDENCE, "it is a link")
        if size > self._bounds.evidence:
            self._wrong.add(EVIDENCE, f"it has more than {self._bounds.evidence} bytes")
        for _ in chunks:
            pass

    def _link(self, path: str, name: bytes, size: int, chunks: Iterable[bytes]) -> None:
        if size > _TARGET:
            raise TooMuch(f"{path} is a link whose target has {size} bytes")
        target = b"".join(chunks)
        if why := links.unfit(target):
            self._wrong.add(path, why)
            return
        self.links[path] = target.decode()
        self.digest.add(path, Kind.LINK, hashlib.sha256(target).hexdigest(), size)
        self._place.link(name, target)

    def _file(self, path: str, item: Item, size: int, chunks: Iterable[bytes]) -> None:
        if size > self._bounds.file:
            raise TooMuch(
                f"{path} has {size} bytes, and {self._bounds.file} are the most of a file"
            )
        kind = _KINDS[item.mode]
        if size <= CHUNK:
            whole = b"".join(chunks)
            if size < pointers.LARGEST and pointers.is_pointer(whole):
                self._wrong.add(
                    path, "it is a pointer of Git LFS, whose content is not in the commit"
                )
            self._place.file(item.name, kind, (whole,))
            self.digest.add(path, kind, hashlib.sha256(whole).hexdigest(), size)
            return
        made = hashlib.sha256()
        self._place.file(item.name, kind, _hashed(made, chunks))
        self.digest.add(path, kind, made.hexdigest(), size)


def _hashed(made: "hashlib._Hash", chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        made.update(chunk)
        yield chunk
