"""Objects of git as they come, one after the other, each held against the name by which it was wanted.

What comes is what `git cat-file --batch` prints. Whoever sent it may be hostile: here the hash of each
object is made again, so that it is what the commit says, or an error.
"""

import hashlib
from collections.abc import Iterator
from io import BufferedReader
from typing import Final

from pmrunnerd.model.errors import PmError

_CHUNK: Final = 1 << 20
_HEAD: Final = 128
_SHA1: Final = 40
WHOLE: Final = 64 << 20  # of what has to be in memory at once: a tree of a million names


class Damaged(PmError):
    """A repository has not what a commit is made of, or not as it was."""


class Missing(Damaged):
    """A repository never had it, or has it no more."""


class Objects:
    """Reads objects in an order that the reader knows. `length` is that of an id."""

    def __init__(self, file: BufferedReader, length: int) -> None:
        self._file = file
        self._algorithm = "sha1" if length == _SHA1 else "sha256"

    def whole(self, id: str, kind: str, most: int = WHOLE) -> bytes:
        """Return the next object, which has to be this one. Raises Damaged."""
        size, chunks = self.next(id, kind)
        if size > most:
            raise Damaged(f"{kind} {id} has {size} bytes, and {most} are the most")
        return b"".join(chunks)

    def next(self, id: str, kind: str) -> tuple[int, Iterator[bytes]]:
        """Return the size of the next object, which has to be this one, and its content piecewise.

        All of that has to be taken before the next one. Raises Damaged, also at its end.
        """
        head = self._file.readline(_HEAD)
        match head.split():
            case [name, found, size] if name == id.encode() and size.isdigit():
                if found != kind.encode():
                    raise Damaged(f"{id} is no {kind}, but a {found.decode(errors='replace')}")
                return int(size), self._content(id, kind, int(size))
            case [name, b"missing"] if name == id.encode():
                raise Missing(f"{kind} {id} is missing")
        raise Damaged(f"{kind} {id} did not come")

    def skip(self, id: str) -> None:
        """Pass by an object that may be missing and is not looked at. Raises Damaged."""
        head = self._file.readline(_HEAD).split()
        match head:
            case [name, _, size] if name == id.encode() and size.isdigit():
                for _ in self._taken(id, int(size)):
                    pass
            case [name, b"missing"] if name == id.encode():
                pass
            case _:
                raise Damaged(f"{id} did not come")

    def _content(self, id: str, kind: str, size: int) -> Iterator[bytes]:
        made = hashlib.new(
            self._algorithm, b"%s %d\0" % (kind.encode(), size), usedforsecurity=False
        )
        for chunk in self._taken(id, size):
            made.update(chunk)
            yield chunk
        if made.hexdigest() != id:
            raise Damaged(f"{kind} {id} is not what its name says")

    def _taken(self, id: str, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._file.read(min(left, _CHUNK))
            if not chunk:
                raise Damaged(f"{id} did not come to its end")
            left -= len(chunk)
            yield chunk
        if self._file.read(1) != b"\n":
            raise Damaged(f"{id} did not come to its end")
