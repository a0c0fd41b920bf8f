"""Whether snapshot and history are what the journal makes of them: all of it is made again, aside.

They are caches, so what is wrong with them loses nothing: without its snapshot, the next start makes
both anew. It must be found all the same, for a start does not look at all of it.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.state import State
from pmrunnerd.model.upkeep import Finding
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.batch import body
from pmrunnerd.store.column import Column
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged
from pmrunnerd.store.finished import FILE, Finished
from pmrunnerd.store.history import History
from pmrunnerd.store.index import WIDE, Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.replay import replay
from pmrunnerd.store.requests import Requests
from pmrunnerd.store.snapshot import Snapshot

# How often it is tried anew where a daemon made another snapshot meanwhile.
_TRIES: Final = 5
# It says where plans lie in a file that grows by checkpoints: the journal does not know.
_PLACED: Final = "plans"


def check_caches(disk: Disk, directory: Path) -> list[Finding]:
    """Return what of a snapshot, and of the history it points to, is not what the journal says.

    The journal is sound. A daemon may go on; what it adds meanwhile is left out.
    """
    found: list[Finding] = []
    for _ in range(_TRIES):
        try:
            before = _raw(disk, directory)
            found = _check(disk, directory, before)
        except OSError as error:
            # A bad sector under a cache must not hide that the journal is sound.
            where = Path(error.filename or directory / snapshots.FILE)
            return [_finding(where, f"cannot be read: {error.strerror}")]
        if not found or _raw(disk, directory) == before:
            break
    # What one file lacks may be missed in many places.
    return list(dict.fromkeys(found))


def _raw(disk: Disk, directory: Path) -> bytes | None:
    try:
        return disk.read_file(directory / snapshots.FILE)
    except FileNotFoundError:
        return None


def _check(disk: Disk, directory: Path, raw: bytes | None) -> list[Finding]:
    if raw is None:
        return []
    path = directory / snapshots.FILE
    if body(raw.removesuffix(b"\n")) is None:
        return [_finding(path, "does not match its checksum")]
    snapshot = snapshots.load(disk, directory)
    if snapshot is None:
        return []  # of another release: the next start does not believe it either
    again = _Again(disk, directory, snapshot.seq)
    if again.state.seq < snapshot.seq:
        return [_finding(path, f"is of commit {snapshot.seq}, which is not in the journal")]
    history = directory / "history"
    return [
        *_wrong_columns(disk, history, snapshot, again.index),
        *_wrong_entities(
            disk, path, snapshot, again.state, _Quiet(disk, history, snapshot.columns)
        ),
    ]


class _Quiet(Index):
    """Says what is wrong by its errors alone."""

    def distrust(self, wrong: PmError) -> None:
        pass


class _Again:
    """The journal up to a commit, folded and noted once more, in memory alone."""

    def __init__(self, disk: Disk, directory: Path, until: int) -> None:
        self.state = State()
        self.index = Index(disk, directory / "history", {})
        history = History(Journal(directory / "journal", disk), self.index)
        requests = Requests(self.index.column("requests"))
        for batch, place in replay(disk, directory / "journal", 0):
            self.state.written(batch.fold)
            self.state.seq = batch.seq
            history.add(batch, place, self.state)
            if batch.request:
                requests.add(batch.request, batch.seq)
            if batch.seq >= until:
                return  # what comes behind may be on its way


def _wrong_columns(
    disk: Disk, history: Path, snapshot: Snapshot, index: Index
) -> Iterator[Finding]:
    expected = index.lengths()
    for name in sorted((snapshot.columns.keys() | expected.keys()) - {_PLACED}):
        count = expected.get(name, 0)
        if snapshot.columns.get(name, 0) != count:
            yield _finding(history / name, f"has not {count} numbers in the snapshot")
            continue
        column = Column(
            disk, history / name, count, sums=snapshot.sums.get(name), wide=name in WIDE
        )
        try:
            there = column.read(0, count)
            column.check(0)
        except HistoryDamaged as damage:
            yield _finding(history / name, str(damage).partition(": ")[2])
            continue
        wanted = index.column(name).read(0, count)
        for position, number in enumerate(wanted):
            # What comes later may have been put where nothing was.
            if number and there[position] != number:
                yield _finding(history / name, f"number {position} is not what the journal says")
                break


def _wrong_entities(
    disk: Disk, path: Path, snapshot: Snapshot, state: State, index: Index
) -> Iterator[Finding]:
    """Look everything up in the state that a start would begin with; once for each table is enough."""
    finished = Finished(disk, index, snapshot.finished, snapshot.moved)
    begun = snapshot.living.state(snapshot.seq, finished.find)
    for table in (name for name in State.TABLES if name not in State.FINISHED):
        if dict(begun.table(table)) != dict(state.table(table)):
            yield _finding(path, f"its {table} are not what the journal says")
    for table in State.FINISHED:
        for name in begun.table(table).keys() - state.table(table).keys():
            yield _finding(path, f"{name} is not in the journal")
        wrong = (
            _wrong_entity(path, index, begun, table, name, e)
            for name, e in state.table(table).items()
        )
        yield from islice(filter(None, wrong), 1)


def _wrong_entity(  # noqa: PLR0913 - where it is, and what it is to be
    path: Path, index: Index, begun: State, table: str, name: str, entity: Any
) -> Finding | None:
    where = path if dict.__contains__(begun.table(table), name) else index.directory / FILE
    try:
        there = begun.table(table)[name]
    except (KeyError, FileNotFoundError):
        return _finding(where, f"{name} is not found")
    except PmError as error:
        return _finding(where, str(error).partition(": ")[2])
    return None if there == entity else _finding(where, f"{name} is not what the journal says")


def _finding(path: Path, why: str) -> Finding:
    return Finding(file=str(path), line=0, why=why)
