"""The states that a power cut may leave of a disk: all of them where they are few, many otherwise.

Each change of a directory that is not durable happened or did not; each file is as long as it was
at some moment since its last sync, or as a whole sector between, and each of its sectors holds what
it held at some moment since. Nothing is said of the order in which any of it reached the disk.
"""

import hashlib
import random
from collections.abc import Callable, Iterator

from tests.crash.memory import SECTOR, Change, Directory, File, MemoryDisk, Node

# Choose one of so many.
Pick = Callable[[int], int]

FEW = 24


def images(disk: MemoryDisk, dice: random.Random, many: int) -> Iterator[MemoryDisk]:
    """Yield what a power cut may leave now: everything if that is few, else `many` by chance.

    The first is what `kill -9` leaves, the second what is durable and nothing else.
    """
    yield _image(disk, lambda count: count - 1)
    yield _image(disk, lambda _: 0)
    chosen = _Odometer()
    for _ in range(FEW):
        yield _image(disk, chosen.pick)
        if not chosen.next():
            return
    for _ in range(many):
        lean = dice.choice((0.1, 0.5, 0.9))
        yield _image(disk, lambda count, lean=lean: _leaning(dice, lean, count))  # type: ignore[misc]


def digest(disk: MemoryDisk) -> bytes:
    """Return a digest of every name and all content."""
    found = hashlib.blake2b(digest_size=16)
    _add(found, "", disk.root)
    return found.digest()


def _add(found: "hashlib.blake2b", path: str, node: Node) -> None:
    found.update(f"{path} {type(node).__name__}\n".encode())
    if isinstance(node, File):
        found.update(bytes(node.content))
        return
    for name, inner in sorted(node.entries.items()):
        _add(found, f"{path}/{name}", inner)


class _Odometer:
    """Counts through all combinations of choices, however many each build asks for."""

    def __init__(self) -> None:
        self._wheels: list[tuple[int, int]] = []
        self._at = 0

    def pick(self, count: int) -> int:
        if self._at == len(self._wheels):
            self._wheels.append((0, count))
        choice, _ = self._wheels[self._at]
        self._at += 1
        return choice

    def next(self) -> bool:
        self._at = 0
        while self._wheels:
            choice, count = self._wheels.pop()
            if choice + 1 < count:
                self._wheels.append((choice + 1, count))
                return True
        return False


def _leaning(dice: random.Random, lean: float, count: int) -> int:
    if dice.random() < lean:
        return count - 1
    return dice.randrange(count)


def _image(disk: MemoryDisk, pick: Pick) -> MemoryDisk:
    return MemoryDisk(_directory(disk.root, pick, {}))


def _directory(directory: Directory, pick: Pick, chosen: dict[int, bool]) -> Directory:
    def is_kept(change: Change) -> bool:
        # A move from one directory to another happened in both or in none.
        key = min(id(change), id(change.twin)) if change.twin else id(change)
        if key not in chosen:
            chosen[key] = bool(pick(2))
        return chosen[key]

    entries: dict[str, Node] = {
        name: _file(node, pick) if isinstance(node, File) else _directory(node, pick, chosen)
        for name, node in directory.after(is_kept).items()
    }
    return Directory(entries=dict(entries), durable=dict(entries))


def _between(file: File) -> Iterator[int]:
    """Yield the lengths of whole sectors between what a file was: it may have grown in pieces."""
    sizes = (len(file.durable), *file.sizes)
    return iter(range(-(-min(sizes) // SECTOR) * SECTOR, max(sizes), SECTOR))


def _file(file: File, pick: Pick) -> File:
    if not file.sizes:
        return File(content=bytearray(file.durable), durable=file.durable)
    sizes = list(dict.fromkeys([len(file.durable), *file.sizes, *_between(file)]))
    size = sizes[pick(len(sizes))] if len(sizes) > 1 else sizes[0]
    content = bytearray(size)
    for sector in range(-(-size // SECTOR)):
        start, end = sector * SECTOR, min((sector + 1) * SECTOR, size)
        held = [file.durable[start:end], *file.versions.get(sector, ())]
        data = held[pick(len(held))] if len(held) > 1 else held[0]
        content[start : start + len(data)] = data[: end - start]
    return File(content=content[:size], durable=bytes(content[:size]))
