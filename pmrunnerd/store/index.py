"""The columns of `history/`, by name; each is made when something is first written to it."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zlib import crc32

from pmrunnerd.model.errors import PmError
from pmrunnerd.store.blocks import Sums
from pmrunnerd.store.column import Column, Pending
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged

log: Final = logging.getLogger(__name__)
_BITS: Final = 40
_NUMBER: Final = (1 << _BITS) - 1
_CHECK: Final = (1 << (64 - _BITS)) - 1


class Index:
    """`lengths` says how many numbers of each column the last snapshot knows of, `sums` what sums.

    `retract` takes that snapshot away: once something of this is found to be wrong, nothing of it
    is believed by the next start, and no snapshot is written any more; `wrong` says what it was.
    """

    def __init__(
        self,
        disk: Disk,
        directory: Path,
        lengths: Mapping[str, int],
        sums: Mapping[str, Sums] = MappingProxyType({}),
        retract: Callable[[], None] = lambda: None,
    ) -> None:
        self.directory = directory
        self.wrong: PmError | None = None
        self._retract = retract
        self._disk = disk
        self._columns = {
            name: self._open(name, kept, sums.get(name)) for name, kept in lengths.items()
        }

    def column(self, name: str) -> Column:
        """Return a column, an empty one where there is none yet."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._open(name, 0)
        return found

    def put(self, name: str, position: int, number: int) -> None:
        """Give a position of a column its number, with a check of both beside it."""
        self.column(name).put(position, _sealed(position, number) if number else 0)

    def get(self, name: str, position: int) -> int:
        """Return what was put; 0 where nothing was. Raises HistoryDamaged."""
        column = self.column(name)
        found = column[position] if 0 <= position < len(column) else 0
        number = found & _NUMBER
        if found and found != _sealed(position, number):
            raise self.damaged(
                f"cannot read {self.directory / name}: number {position} is not what was written"
            )
        return number

    def lengths(self) -> dict[str, int]:
        """Return how many numbers each column has."""
        return {name: len(column) for name, column in self._columns.items() if len(column)}

    def pending(self) -> dict[str, Pending]:
        """Return what of each column is not on the disk yet."""
        found = ((name, column.pending()) for name, column in self._columns.items())
        return {name: pending for name, pending in found if pending is not None}

    def sums(self, pending: Mapping[str, Pending]) -> dict[str, Sums]:
        """Return the sums of the columns that have some, as they will be when all is written."""
        found = {name: column.sums for name, column in self._columns.items() if len(column)}
        found |= {name: written.sums for name, written in pending.items()}
        return {name: sums for name, sums in found.items() if sums is not None}

    def settle(self, pending: Mapping[str, Pending]) -> None:
        """Let go of what is on the disk now."""
        for name, written in pending.items():
            self._columns[name].settle(written)

    @property
    def is_trusted(self) -> bool:
        """Tell whether nothing was found to be wrong."""
        return self.wrong is None

    def distrust(self, wrong: PmError) -> None:
        """Have the next start make all of it anew."""
        if self.wrong is None:
            log.critical("%s; %s", wrong, wrong.hint)
            self.wrong = wrong
        try:
            self._retract()
        except OSError as error:
            log.warning("the snapshot cannot be taken away: %s", error.strerror)

    def damaged(self, why: str) -> HistoryDamaged:
        """Return the error that something of this is not as it was written."""
        wrong = HistoryDamaged(why)
        self.distrust(wrong)
        return wrong

    def _open(self, name: str, kept: int, sums: Sums | None = None) -> Column:
        return Column(self._disk, self.directory / name, kept, self.damaged, sums)


def _sealed(position: int, number: int) -> int:
    check = crc32(b"%d %d" % (position, number)) & _CHECK
    return check << _BITS | number
