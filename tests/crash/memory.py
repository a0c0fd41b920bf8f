"""A file system in memory, of equal standing with the real one: it knows what a power cut may leave.

Of each file it remembers what is durable and every version of each sector since, of each directory
the changes that are not. `power_cut` makes a disk of one of the states that are legal then.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pmrunnerd.store.durable import Disk

SECTOR: Final = 512


@dataclass
class File:
    """`content` is what is read now; `durable` what a sync has promised.

    `versions` has, for each sector that was written since, what it was given; `sizes` what the file
    was long.
    """

    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    versions: dict[int, list[bytes]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    holder: int | None = None

    def touched(self, start: int, end: int) -> None:
        """Note that bytes changed, and so their sectors."""
        for sector in range(start // SECTOR, -(-end // SECTOR)):
            now = bytes(self.content[sector * SECTOR : (sector + 1) * SECTOR])
            self.versions.setdefault(sector, []).append(now)
        self.sizes.append(len(self.content))

    def sync(self) -> None:
        self.durable = bytes(self.content)
        self.versions.clear()
        self.sizes.clear()


@dataclass
class Change:
    """Entries of a directory that are not durable yet: what names what; None: nothing any more.

    `twin` is the other half of a move to another directory: one transaction of the file system.
    """

    names: dict[str, "Node | None"]
    twin: "Change | None" = None
    is_durable: bool = False


@dataclass
class Directory:
    entries: dict[str, "Node"] = field(default_factory=dict)
    durable: dict[str, "Node"] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def change(self, names: "dict[str, Node | None]") -> Change:
        self._apply(self.entries, names)
        self.changes.append(Change(names))
        return self.changes[-1]

    def sync(self) -> None:
        for change in self.changes:
            if change.twin is not None:
                change.twin.is_durable = True
        self.durable = dict(self.entries)
        self.changes.clear()

    @staticmethod
    def _apply(entries: dict[str, "Node"], names: "dict[str, Node | None]") -> None:
        for name, node in names.items():
            if node is None:
                entries.pop(name, None)
            else:
                entries[name] = node

    def after(self, is_kept: "Callable[[Change], bool]") -> dict[str, "Node"]:
        """Return the entries if some of the changes became durable, and others did not."""
        entries = dict(self.durable)
        for change in self.changes:
            if change.is_durable or is_kept(change):
                self._apply(entries, change.names)
        return entries


Node = File | Directory


class MemoryDisk(Disk):
    """`boundary` is called before everything that changes something."""

    def __init__(self, root: Directory | None = None) -> None:
        self.root = root or Directory()
        self.boundary: Callable[[], None] = lambda: None
        self._open: dict[int, tuple[File, bool]] = {}
        self._next = 3

    # Primitives, as `Disk` has them

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        parent, node = self._parent(path), self._find(path)
        if isinstance(node, Directory):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if node is None and how in ("there", "read"):
            raise _missing(path)
        if node is not None and how == "new":
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        if node is None:
            self.boundary()
            node = File()
            parent.change({path.name: node})
        elif how == "empty" and node.content:
            self.boundary()
            self._resize(node, 0)
        self._next += 1
        self._open[self._next] = (node, how != "read")
        return self._next

    def close(self, file: int) -> None:
        node, _ = self._open.pop(file)
        if node.holder == file:
            node.holder = None

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        return bytes(self._open[file][0].content[offset : offset + size])

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self.boundary()
        node, writable = self._open[file]
        assert writable, "it was opened to be read"
        end = offset + len(data)
        if len(node.content) < end:
            node.content.extend(bytes(end - len(node.content)))
        node.content[offset:end] = data
        node.touched(offset, end)
        return len(data)

    def size(self, file: int) -> int:
        return len(self._open[file][0].content)

    def truncate(self, file: int, size: int) -> None:
        self.boundary()
        self._resize(self._open[file][0], size)

    def sync(self, file: int) -> None:
        self.boundary()
        self._open[file][0].sync()

    def sync_directory(self, path: Path) -> None:
        self.boundary()
        self._directory(path).sync()

    def rename(self, old: Path, new: Path) -> None:
        self.boundary()
        node = self._find(old)
        if node is None:
            raise _missing(old)
        if old.parent == new.parent:
            self._parent(old).change({new.name: node, old.name: None})
            return
        came = self._parent(new).change({new.name: node})
        went = self._parent(old).change({old.name: None})
        came.twin, went.twin = went, came

    def remove(self, path: Path) -> None:
        if self._find(path) is not None:
            self.boundary()
            self._parent(path).change({path.name: None})

    def remove_directory(self, path: Path) -> None:
        assert not self._directory(path).entries, "it is not empty"
        self.boundary()
        self._parent(path).change({path.name: None})

    def free(self, directory: Path) -> int:
        return 1 << 30

    def names(self, directory: Path) -> list[str]:
        return sorted(self._directory(directory).entries)

    def create_directory(self, path: Path, mode: int) -> None:
        if self._find(path) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        self.boundary()
        self._parent(path).change({path.name: Directory()})

    def is_directory(self, path: Path) -> bool:
        return isinstance(self._find(path), Directory)

    def is_file(self, path: Path) -> bool:
        return isinstance(self._find(path), File)

    def is_link(self, path: Path) -> bool:
        return False

    def lock(self, file: int) -> bool:
        node, _ = self._open[file]
        if node.holder not in (None, file):
            return False
        node.holder = file
        return True

    # The tree

    def sync_all(self) -> None:
        """Make everything durable, as `sync` without arguments does."""
        _sync_all(self.root)

    def _resize(self, node: File, size: int) -> None:
        before = len(node.content)
        if size < before:
            del node.content[size:]
        else:
            node.content.extend(bytes(size - before))
        node.touched(min(size, before), max(size, before))

    def _find(self, path: Path) -> Node | None:
        node: Node | None = self.root
        for name in path.parts[1:]:
            node = node.entries.get(name) if isinstance(node, Directory) else None
        return node

    def _directory(self, path: Path) -> Directory:
        node = self._find(path)
        if not isinstance(node, Directory):
            raise _missing(path)
        return node

    def _parent(self, path: Path) -> Directory:
        return self._directory(path.parent)


def _missing(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _sync_all(node: Node) -> None:
    node.sync()
    if isinstance(node, Directory):
        for inner in node.entries.values():
            _sync_all(inner)
