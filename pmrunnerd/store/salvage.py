"""What can still be read of a file of which the disk does not give everything any more."""

from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.store.durable import BROKEN, PRIVATE_FILE, Disk
from pmrunnerd.store.segments import PAGE, read_near

# In no line of ours: what stands for bytes that are gone neither ends one nor looks like a hole.
_FILLER: Final = b"\xff"


class Gone(NamedTuple):
    """Bytes from one to before another one, and what the disk says of them."""

    start: int
    end: int
    why: str


class Salvage(Disk):
    """Reads one file after the other of another disk; `gone` is what that one did not give.

    In the place of those bytes come others that no line has. Nothing else is asked of it.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.gone: list[Gone] = []

    def open(self, path: Path, how: str = "read", mode: int = PRIVATE_FILE) -> int:
        assert how == "read", "nothing is written to what is lost"
        del mode
        self.gone.clear()
        return self._disk.open(path, "read")

    def close(self, file: int) -> None:
        self._disk.close(file)

    def size(self, file: int) -> int:
        return self._disk.size(file)

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        try:
            return read_near(self._disk, file, size, offset)
        except OSError as error:
            if error.errno not in BROKEN:
                raise
            end = min(offset + size, offset - offset % PAGE + PAGE, self.size(file))
            gone = Gone(offset, end, str(error.strerror))
            if gone not in self.gone:
                self.gone.append(gone)
            return _FILLER * (end - offset)

    def why(self, start: int, end: int) -> str:
        """Return what the disk says of bytes from one to before another; empty where it gave them."""
        return next((gone.why for gone in self.gone if gone.start < end and start < gone.end), "")
