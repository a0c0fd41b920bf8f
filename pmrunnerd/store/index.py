"""The columns of `history/`, by name; each is made when something is first written to it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pmrunnerd.store.column import Column, Pending
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged


class Index:
    """`lengths` says how many numbers of each column the last snapshot knows of.

    `retract` takes that snapshot away: once something of this is found to be wrong, nothing of it
    is believed by the next start, and no snapshot is written any more.
    """

    def __init__(
        self,
        disk: Disk,
        directory: Path,
        lengths: Mapping[str, int],
        retract: Callable[[], None] = lambda: None,
    ) -> None:
        self.directory = directory
        self.is_trusted = True
        self._retract = retract
        self._disk = disk
        self._columns = {name: self._open(name, kept) for name, kept in lengths.items()}

    def column(self, name: str) -> Column:
        """Return a column, an empty one where there is none yet."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._open(name, 0)
        return found

    def lengths(self) -> dict[str, int]:
        """Return how many numbers each column has."""
        return {name: len(column) for name, column in self._columns.items() if len(column)}

    def pending(self) -> dict[str, Pending]:
        """Return what of each column is not on the disk yet."""
        found = ((name, column.pending()) for name, column in self._columns.items())
        return {name: pending for name, pending in found if pending is not None}

    def settle(self, pending: Mapping[str, Pending]) -> None:
        """Let go of what is on the disk now."""
        for name, written in pending.items():
            self._columns[name].settle(written)

    def distrust(self) -> None:
        """Have the next start make all of it anew."""
        self.is_trusted = False
        self._retract()

    def damaged(self, why: str) -> HistoryDamaged:
        """Return the error that something of this is not as it was written."""
        self.distrust()
        return HistoryDamaged(why)

    def _open(self, name: str, kept: int) -> Column:
        return Column(self._disk, self.directory / name, kept, self.damaged)
