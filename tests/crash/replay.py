"""What strace has seen of a real launcher, done once more in memory, call by call, for the power to be cut anywhere.

Each state that a power cut may leave then is laid out again on a real disk, for the real one to go on with.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.crash.images import digest, images
from tests.crash.memory import Directory, MemoryDisk, Node
from tests.crash.wayback import Call, Places

MANY: Final = 40
# What is never changed, and is not copied.
_BULK: Final = "releases"
_LINK: Final = b"-> "


class Memory:
    """What the directories of an environment are on a disk, and what each call makes of them."""

    def __init__(self, prod: Places) -> None:
        self.disk = MemoryDisk()
        self._open: dict[str, int] = {}
        for path in (prod.home, prod.place):
            self._take(path)
        self.disk.sync_all()

    def _take(self, path: Path) -> None:
        self._make(path)
        for there in path.iterdir():
            if there.is_symlink():
                self._put(there, _LINK + str(there.readlink()).encode())
            elif there.is_file():
                self._put(there, there.read_bytes())
            elif there.name != _BULK:
                self._take(there)

    def _make(self, path: Path) -> None:
        if not self.disk.is_directory(path):
            if path.parent != path:
                self._make(path.parent)
            if path != path.parent:
                self.disk.create_directory(path, 0o755)

    def _put(self, path: Path, content: bytes) -> None:
        file = self.disk.open(path, "new")
        self.disk.write_at(file, content, 0)
        self.disk.sync(file)

    def do(self, call: Call) -> None:
        """Change what the call changed."""
        named = [Path(path) for path in call.paths]
        match call.name:
            case "openat":
                how = "new" if any("O_EXCL" in word for word in call.words) else "create"
                self._open[str(named[-1])] = self.disk.open(named[-1], how)
            case "write" | "pwrite64":
                file = self._open[str(named[0])]
                data = call.words[1].removeprefix('"').removesuffix('"').encode()
                at = self.disk.size(file) if call.name == "write" else int(call.words[-1])
                self.disk.write_at(file, data, at)
            case "mkdir":
                self.disk.create_directory(named[0], 0o755)
            case "rmdir":
                self.disk.remove_directory(named[0])
            case "fsync" if self.disk.is_directory(named[0]):
                self.disk.sync_directory(named[0])
            case "fsync" | "fdatasync":
                self.disk.sync(self._open[str(named[0])])
            case "rename":
                self.disk.rename(named[0], named[1])
            case "unlink":
                self.disk.remove(named[0])
            case "symlink":
                # Where a link leads to is written with its name: it is as durable as that, and never half there.
                self._put(named[1], _LINK + str(named[0]).encode())

    def left(self, chance: random.Random) -> Iterator[MemoryDisk]:
        """Yield what a power cut may leave now, each once."""
        known = set()
        for image in images(self.disk, chance, MANY):
            if (one := digest(image)) not in known:
                known.add(one)
                yield image


def lay_out(image: MemoryDisk, prod: Places) -> None:
    """Make the directories of an environment what they are on a disk."""
    for place in (prod.home, prod.place):
        for there in place.iterdir():
            if there.is_symlink() or there.is_file():
                there.unlink()
            elif there.name != _BULK:
                shutil.rmtree(there)
        directory: Node = image.root
        for name in place.parts[1:]:
            assert isinstance(directory, Directory)
            directory = directory.entries[name]
        _lay(directory, place)


def _lay(node: Node, place: Path) -> None:
    if isinstance(node, Directory):
        place.mkdir(exist_ok=True)
        for name, inner in node.entries.items():
            _lay(inner, place / name)
    elif (content := bytes(node.content)).startswith(_LINK):
        place.symlink_to(content.removeprefix(_LINK).decode())
    else:
        place.write_bytes(content)
