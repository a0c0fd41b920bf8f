"""Where gates are: the directory of each, the trees that they judge, and the records of them.

* `ID/spec.json`: the order, written once; `ID/log`, `ID/junit.xml`, `ID/told.json`: what came of it
* `trees/DIGEST/`: a source or a built tree, by its digest; gates copy it
* `records/ID.json`: what is believed; with units, of root, elsewhere

Where gates are of another user, they share the group that the directory above hands down.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import disposal
from pmrunnerd.services.gates.record import Order, Record, Told, decode
from pmrunnerd.store.durable import Disk

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LEFT: Final = ("log", "junit.xml", "told.json")
_MOST: Final = 64 << 20
_PRIVATE: Final = 0o600, 0o600, 0o700
_SHARED: Final = 0o640, 0o660, 0o770


class GatePlace:
    """The gates of one environment; `shared` with what tries them as another user."""

    def __init__(
        self,
        directory: Path,
        records: Path | None = None,
        prepared: Path | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.directory = directory
        self.shared = records is not None
        self.records = records or directory / "records"
        self.prepared = prepared or directory / "prepared"
        self._disk = disk or Disk()

    def make(self) -> None:
        """See to it that there is a place for gates. Raises OSError."""
        self._disk.make_directory(self.directory)
        self._disk.make_directory(self.directory / "trees", 0o750)
        self._disk.make_directory(self.room)
        if not self.shared:
            self._disk.make_directory(self.records)
            self._disk.make_directory(self.prepared)

    def tree(self, digest: str) -> Path:
        """Return where the tree of that digest is, or is to be."""
        return self.directory / "trees" / digest

    @property
    def room(self) -> Path:
        """Where what is brought meanwhile may lie."""
        return self.directory / "room"

    def is_prepared(self, digest: str) -> bool:
        """Tell whether what gates need was made, in the way that has that digest."""
        return (self.prepared / digest).is_dir()

    def path(self, name: str) -> Path:
        """Return the directory of a gate."""
        return self.directory / name

    def write(self, name: str, order: Order, walls: tuple[str, ...] = ()) -> None:
        """Make the directory of a gate and its order durable; one that is there stays. Raises OSError.

        What is half made is made anew: without its order nothing can have been tried.
        """
        shown, written, directory = _SHARED if self.shared else _PRIVATE
        path = self.path(name)
        if (path / "spec.json").exists():
            return
        self._disk.remove_tree(path)
        self._disk.make_directory(path, directory)
        for left in _LEFT:
            self._disk.close(self._disk.open(path / left, "new", written))
        if (
            not self.shared
        ):  # a user who can read and write no more than nobody needs none, and says so
            said = "".join(f"{word}\0" for word in walls).encode()
            self._disk.write_file(path / "walls", said, "new", shown)
        self._disk.replace_file(path / "spec.json", msgspec.json.encode(order) + b"\n", shown)

    def is_written(self, name: str) -> bool:
        """Tell whether a gate was to be tried."""
        return (self.path(name) / "spec.json").exists()

    def has_begun(self, name: str) -> bool:
        """Tell whether it was written down that a gate begins."""
        return (self.records / f"{name}.began").exists()

    def record(self, name: str) -> Record | None:
        """Return what was written down of a gate's end, if that was. Raises Refused, OSError."""
        try:
            data = _content(self.records / f"{name}.json")
        except FileNotFoundError:
            return None
        record: Record = decode(data, Record)
        if record.name != name:
            raise Refused(f"cannot believe the record of gate {name}: it is that of {record.name}")
        return record

    def tidy(self, name: str) -> None:
        """Delete what a gate worked in, where that is on the disk. Raises OSError."""
        if (self.path(name) / "work").exists():
            disposal.empty(self.path(name), "work")
            disposal.remove(self.path(name), "work")

    def told(self, name: str) -> Told:
        """Return what a gate's launcher said for people; nothing where it said nothing that we know."""
        try:
            told: Told = decode(_content(self.path(name) / "told.json") or b"{}", Told)
        except (OSError, Refused):
            return Told()
        return told

    def junit(self, record: Record) -> bytes | None:
        """Return the file with a gate's counts, if it is the one that was written down; None without one.

        Raises Refused where it is another.
        """
        try:
            data = _content(self.path(record.name) / "junit.xml")
        except OSError:
            data = b""
        if data and hashlib.sha256(data).hexdigest() != record.tests:
            raise Refused(f"cannot count the tests of {record.name}: their file changed since")
        return data or None


def _content(path: Path) -> bytes:
    file = os.open(path, _READ)
    with os.fdopen(file, "rb") as opened:
        return opened.read(_MOST)
