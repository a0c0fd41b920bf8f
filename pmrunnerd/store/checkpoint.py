"""Bring the caches up to date: put finished plans away, extend `history/`, write a snapshot.

In this order: what a snapshot points to is durable before it does. Until it does, the one before
is as good as it ever was, because nothing that it points to is written over.
"""

import contextlib
from typing import Final

from pmrunnerd.model.state import State
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.column import open_behind
from pmrunnerd.store.failures import HistoryDamaged
from pmrunnerd.store.finished import FILE, ended
from pmrunnerd.store.fold import FOLD
from pmrunnerd.store.index import lasting
from pmrunnerd.store.past import Past
from pmrunnerd.store.segments import Extent
from pmrunnerd.store.snapshot import FORMAT, Living, Snapshot
from pmrunnerd.store.sums import grown

# Commits and bytes after which it is time for another one: what a start has to read again.
COMMITS: Final = 8192
BYTES: Final = 8 << 20


class Checkpoint:
    """Made by the loop, `write` in any thread, `settle` or `take_back` by the loop again, once."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self.seq = past.state.seq
        if past.is_stale:
            # It is taken away by `write`, and with it what proves how far the journal is.
            past.remember(self.seq)
        self._bundles = ended(past.state)
        self._living = Living.of(past.state)
        self._lines = past.finished.lines(self._bundles)
        self._moved = past.finished.point(self._lines)
        self._pending = past.index.pending()
        self._columns = past.index.lengths()
        self._sums = past.index.sums()
        self._segments = past.history.segments()
        self._snapshot: Snapshot | None = None

    def write(self) -> None:
        """Write all of it; if that fails, the snapshot before is as good as it was.

        Raises OSError, HistoryDamaged where what it points to is gone, and JournalDamaged where the
        journal is not what was made durable any more.
        """
        past, disk = self._past, self._past.disk
        history = past.directory / "history"
        if past.is_stale:
            # Before anything is written over what it points to.
            snapshots.retract(disk, past.directory)
            past.is_stale = False
        if self._lines.data:
            file = open_behind(disk, history / FILE, self._lines.start)
            try:
                disk.write_all(file, self._lines.data, self._lines.start)
                disk.sync(file)
            finally:
                disk.close(file)
        for name, pending in self._pending.items():
            self._sums[name] = pending.write(disk)
        try:
            disk.sync_directory(history)
        except FileNotFoundError:
            raise HistoryDamaged(f"cannot write {history}: it is missing") from None
        snapshot = Snapshot(
            format=FORMAT,
            fold=FOLD,
            seq=self.seq,
            segments=tuple(self._summed()),
            columns=self._columns,
            sums=lasting(self._sums),
            finished=self._lines.start + len(self._lines.data),
            moved=self._moved,
            living=self._living,
        )
        self._save(snapshot)
        self._snapshot = snapshot

    def _save(self, snapshot: Snapshot) -> None:
        past = self._past
        # Whatever interrupts us, it may be there all the same, unless a look says that it is not.
        past.is_stale = True
        try:
            snapshots.save(past.disk, past.directory, snapshot)
        except OSError:
            with contextlib.suppress(OSError):
                there = snapshots.is_of(past.disk, past.directory, past.checkpoint.seq)
                past.is_stale = not there
            raise
        past.is_stale = False

    def settle(self, *states: State) -> None:
        """Believe what was written: take what was put away out of the states, if it is still so."""
        assert self._snapshot is not None, "write it first"
        self._past.checkpoint = self._snapshot.without_the_living()
        self._past.index.settle(self._pending, self._sums)
        self._past.finished.settle(self._lines, self._moved)
        for bundle in self._bundles:
            for state in states:
                bundle.put_away(state)

    def take_back(self) -> None:
        """Forget that it was tried: what was not put away is nowhere but in memory."""
        self._past.finished.take_back(self._lines, self._moved)

    def _summed(self) -> list[Extent]:
        before = self._past.checkpoint
        found = []
        for number, (first, size) in enumerate(self._segments, start=1):
            known, line = Extent(first, 0, 0), 1
            if number <= len(before.segments):
                known = before.segments[number - 1]
                line = before.seq - known.first + 2  # of use for the last one: the others are whole
            found.append(grown(self._past.journal, number, known, size, line))
        return found
