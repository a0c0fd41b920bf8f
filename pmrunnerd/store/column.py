"""Numbers by position: what a checkpoint has written is on the disk, what came since in memory.

A file of unsigned 64-bit numbers, little-endian, with as many of them as the last snapshot says;
what lies behind those is left over from a checkpoint that did not finish, and is written over.

In the file a number is sealed: it has 40 bits, and above them 24 of a checksum of its position and
itself, so that no flipped bit and no lost sector is ever taken for a number.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from pmrunnerd.store.blocks import BLOCK, Sums, fits, grown
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, unreadable

WIDTH: Final = 8
_BITS: Final = 40
_NUMBER: Final = (1 << _BITS) - 1
_CHECK: Final = (1 << (64 - _BITS)) - 1


def open_behind(disk: Disk, path: Path, size: int) -> int:
    """Open a file of which some bytes were written before, to write behind them.

    Raises HistoryDamaged where they are gone: what is written would be believed with a hole in it.
    """
    try:
        file = disk.open(path, "create")
    except FileNotFoundError:
        raise HistoryDamaged(f"cannot write {path}: its directory is missing") from None
    if disk.size(file) < size:
        disk.close(file)
        raise HistoryDamaged(f"cannot write {path}: it is missing, or shorter than {size} bytes")
    return file


class Pending(NamedTuple):
    """What a checkpoint writes of a column: numbers from a position on, and some before it.

    `sums` are those of the column before that (store.blocks), None if it was patched ever.
    """

    path: Path
    start: int
    numbers: "array[int]"
    patches: dict[int, int]
    sums: Sums | None
    wide: bool

    def write(self, disk: Disk) -> Sums | None:
        """Make them durable, and return the sums of the column as it is then.

        The file's name is durable after `sync_directory`. Raises OSError, and HistoryDamaged if what
        was before them is gone.
        """
        numbers = self._in_file(self.start, self.numbers)
        file = open_behind(disk, self.path, self.start * WIDTH)
        try:
            for position, number in self.patches.items():
                disk.write_all(file, self._in_file(position, (number,)), position * WIDTH)
            disk.write_all(file, numbers, self.start * WIDTH)
            disk.sync(file)
        finally:
            disk.close(file)
        if self.sums is None or self.patches:
            return None
        return grown(self.sums, self.start * WIDTH, numbers)

    def _in_file(self, start: int, numbers: Iterable[int]) -> bytes:
        if not self.wide:
            numbers = (_sealed(at, number) for at, number in enumerate(numbers, start))
        found = array("Q", numbers)
        if sys.byteorder == "big":
            found.byteswap()
        return found.tobytes()


class Column:
    """Append, put, read. `kept` is how many numbers are on the disk, `sums` are theirs.

    `wide` numbers have 64 bits, and no seal. `damaged` is asked for the error to raise where what
    is on the disk is not what was written.
    """

    def __init__(  # noqa: PLR0913 - where it is, and then what is known of it
        self,
        disk: Disk,
        path: Path,
        kept: int = 0,
        damaged: Callable[[str], HistoryDamaged] = HistoryDamaged,
        sums: Sums | None = None,
        *,
        wide: bool = False,
    ) -> None:
        self._wide = wide
        self.sums = sums if kept else ()
        self._damaged = damaged
        self._disk = disk
        self._path = path
        self._kept = kept
        self._tail = array("Q")
        self._patches: dict[int, int] = {}

    def __len__(self) -> int:
        return self._kept + len(self._tail)

    def append(self, number: int) -> None:
        """Add a number at the end."""
        self._tail.append(number)

    def put(self, position: int, number: int) -> None:
        """Give a position its number, once; the ones before it that have none are 0."""
        if position < self._kept:
            self._patches[position] = number
            return
        self._tail.extend([0] * (position + 1 - len(self)))
        self._tail[position - self._kept] = number

    def add(self, number: int) -> None:
        """Add a number at the end, unless it is the one that was added last."""
        if not self._tail or self._tail[-1] != number:
            self._tail.append(number)

    def __getitem__(self, position: int) -> int:
        """Return one number. Raises IndexError, and HistoryDamaged where the file is too short."""
        if position in self._patches:
            return self._patches[position]
        if position >= self._kept:
            return self._tail[position - self._kept]
        with self._open() as file:
            return self._on_disk(file, position, position + 1)[0]

    def read(self, start: int, end: int) -> "array[int]":
        """Return the numbers from one position to before another one, as far as there are any."""
        start, end = max(start, 0), min(end, len(self))
        if start >= end:
            return array("Q")
        found = array("Q")
        if start < self._kept:
            with self._open() as file:
                found = self._on_disk(file, start, min(end, self._kept))
        found += self._tail[max(start - self._kept, 0) : max(end - self._kept, 0)]
        for position, number in self._patches.items():
            if start <= position < end:
                found[position - start] = number
        return found

    def before(self, number: int) -> int:
        """Return how many numbers are smaller, in a column that grows."""
        if self._tail and self._tail[0] < number:
            return self._kept + bisect_left(self._tail, number)
        with self._open() as file:
            return bisect_left(
                range(self._kept), number, key=lambda at: self._on_disk(file, at, at + 1)[0]
            )

    def up_to(self, number: int) -> int:
        """Return how many numbers are smaller or the same, in a column that grows."""
        if self._tail and self._tail[0] <= number:
            return self._kept + bisect_right(self._tail, number)
        with self._open() as file:
            return bisect_right(
                range(self._kept), number, key=lambda at: self._on_disk(file, at, at + 1)[0]
            )

    def check(self, start: int) -> None:
        """Look whether what is on the disk of the numbers from one on is what was written.

        Raises HistoryDamaged.
        """
        size, sums = self._kept * WIDTH, self.sums or ()
        for block in range(start * WIDTH // BLOCK, len(sums)):
            with unreadable(self._damaged):
                fit = fits(self._disk, self._path, size, sums, block)
            if not fit:
                raise self._damaged(
                    f"cannot read {self._path}: block {block} is not what was written"
                )

    # Checkpoints

    def pending(self) -> Pending | None:
        """Return what is not on the disk yet; None where all is."""
        if not (self._tail or self._patches):
            return None
        numbers = array("Q", self._tail)
        patches = dict(self._patches)
        return Pending(self._path, self._kept, numbers, patches, self.sums, self._wide)

    def settle(self, pending: Pending, sums: Sums | None) -> None:
        """Let go of what is on the disk now."""
        count = len(pending.numbers)
        self._kept += count
        self.sums = sums
        del self._tail[:count]
        for position, number in pending.patches.items():
            if self._patches.get(position) == number:
                del self._patches[position]

    @contextmanager
    def _open(self) -> Iterator[int]:
        if not self._kept:
            yield -1
            return
        with unreadable(self._damaged):
            try:
                file = self._disk.open(self._path, "read")
            except FileNotFoundError:
                raise self._damaged(f"cannot read {self._path}: it is missing") from None
            try:
                yield file
            finally:
                self._disk.close(file)

    def _on_disk(self, file: int, start: int, end: int) -> "array[int]":
        raw = self._disk.read_all(file, (end - start) * WIDTH, start * WIDTH)
        if len(raw) < (end - start) * WIDTH:
            raise self._damaged(f"cannot read {self._path}: it ends before number {end}")
        found = array("Q", raw)
        if sys.byteorder == "big":
            found.byteswap()
        return found if self._wide else array("Q", map(self._unsealed, range(start, end), found))

    def _unsealed(self, position: int, found: int) -> int:
        number = found & _NUMBER
        if found != _sealed(position, number):
            raise self._damaged(
                f"cannot read {self._path}: number {position} is not what was written"
            )
        return number


def _sealed(position: int, number: int) -> int:
    return (crc32(b"%d %d" % (position, number)) & _CHECK) << _BITS | number
