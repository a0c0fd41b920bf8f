"""The columns of `history/`, by name; each is made when something is first written to it."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.store.blocks import Sums
from pmrunnerd.store.column import Column, Pending
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, trouble

log: Final = logging.getLogger(__name__)
# Whose numbers need more than 40 bits: what they say is held against what they lead to.
WIDE: Final = frozenset({"places", "requests"})
# Where plans are put away and runs were pruned is written in the middle, where the snapshot before
# has it too.
_PATCHED: Final = frozenset({"plans", "pruned"})


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

    def get(self, name: str, position: int) -> int:
        """Return a number of a column; 0 where there is none. Raises HistoryDamaged."""
        column = self.column(name)
        return column[position] if 0 <= position < len(column) else 0

    def lengths(self) -> dict[str, int]:
        """Return how many numbers each column has."""
        return {name: len(column) for name, column in self._columns.items() if len(column)}

    def pending(self) -> dict[str, Pending]:
        """Return what of each column is not on the disk yet."""
        found = ((name, column.pending()) for name, column in self._columns.items())
        return {name: pending for name, pending in found if pending is not None}

    def sums(self) -> dict[str, Sums | None]:
        """Return the sums of the columns as they are on the disk."""
        return {name: column.sums for name, column in self._columns.items() if len(column)}

    def settle(self, pending: Mapping[str, Pending], sums: Mapping[str, Sums | None]) -> None:
        """Let go of what is on the disk now."""
        for name, written in pending.items():
            self._columns[name].settle(written, sums[name])

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
            log.warning("the snapshot cannot be taken away: %s", trouble(error))

    def damaged(self, why: str) -> HistoryDamaged:
        """Return the error that something of this is not as it was written."""
        wrong = HistoryDamaged(why)
        self.distrust(wrong)
        return wrong

    def _open(self, name: str, kept: int, sums: Sums | None = None) -> Column:
        path = self.directory / name
        return Column(self._disk, path, kept, self.damaged, sums, wide=name in WIDE)


def lasting(sums: Mapping[str, Sums | None]) -> dict[str, Sums]:
    """Return the sums that a snapshot can keep: those of columns that only ever grow."""
    return {name: one for name, one in sums.items() if one is not None and name not in _PATCHED}
