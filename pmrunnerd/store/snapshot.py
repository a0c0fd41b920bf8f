"""`snapshot.json`: the fold up to a commit, so that a start need not read the whole journal.

A cache. It is believed if it was written by rules like ours and if the journal still is what it
was made from; otherwise it is taken away, and all is read again. Believed or not, it proves how
far the journal had come: only what is durable is in it.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.accounts import Account
from pmrunnerd.model.entities import Message, Plan, Project, Question, Run, Task
from pmrunnerd.model.gates import Acceptance, Gating
from pmrunnerd.model.promotions import Promotion
from pmrunnerd.model.state import Elsewhere, State
from pmrunnerd.store import finished
from pmrunnerd.store.batch import body, line_of
from pmrunnerd.store.blocks import Sums
from pmrunnerd.store.column import WIDTH
from pmrunnerd.store.durable import PASSING, Disk
from pmrunnerd.store.fold import FOLD
from pmrunnerd.store.segments import Extent

log: Final = logging.getLogger(__name__)
FILE: Final = "snapshot.json"
# Of this file and of the columns of `history/`.
FORMAT: Final = f"2 {sys.byteorder}"


# Tables of what has its key for an id.
_BY_ID: Final = ("projects", "messages", "accounts", "gatings", "accepted", "promotions")


class Living(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state without what was put away."""

    projects: tuple[Project, ...] = ()
    messages: tuple[Message, ...] = ()
    plans: tuple[Plan, ...] = ()
    tasks: tuple[Task, ...] = ()
    runs: tuple[Run, ...] = ()
    questions: tuple[Question, ...] = ()
    minted: dict[str, int] = {}
    tallies: dict[str, int] = {}
    about: dict[str, str] = {}
    accounts: tuple[Account, ...] = ()
    gatings: tuple[Gating, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    promotions: tuple[Promotion, ...] = ()

    @classmethod
    def of(cls, state: State) -> "Living":
        """Collect what of a state is alive: all but plans that have ended, and what is theirs."""
        plans = [plan for plan in state.plans.values() if not plan.state.has_ended]
        tasks = [t for t in state.tasks.values() if not state.plans[t.plan].state.has_ended]
        alive = {task.id for task in tasks}
        return cls(
            projects=tuple(state.projects.values()),
            messages=tuple(state.messages.values()),
            plans=tuple(plans),
            tasks=tuple(tasks),
            runs=tuple(run for run in state.runs.values() if run.task in alive),
            questions=tuple(q for q in state.questions.values() if q.task in alive),
            minted=dict(state.minted),
            tallies=dict(state.tallies),
            about=dict(state.about),
            accounts=tuple(state.accounts.values()),
            gatings=tuple(state.gatings.values()),
            accepted=tuple(state.accepted.values()),
            promotions=tuple(state.promotions.values()),
        )

    def state(self, seq: int, elsewhere: Elsewhere) -> State:
        """Return a state that holds this and finds the rest elsewhere."""
        state = State(elsewhere)
        state.seq = seq
        for name in (*_BY_ID, *State.FINISHED):
            state.table(name).put_all((entity.id, entity) for entity in getattr(self, name))
        for name in ("minted", "tallies", "about"):
            state.table(name).put_all(getattr(self, name).items())
        state.active.put_all((run.id, run) for run in self.runs if run.ended is None)
        return state


class Snapshot(Struct, frozen=True, kw_only=True):
    """The fold up to commit `seq`, and how much of `history/` belongs to it.

    `columns` counts numbers, `finished` bytes; `moved` is where plans are that ended twice; `sums`
    are those of the columns that only ever grew (store.blocks).
    """

    format: str
    fold: str
    seq: int
    segments: tuple[Extent, ...]
    columns: dict[str, int]
    sums: dict[str, Sums]
    finished: int
    moved: dict[str, int]
    living: Living

    def without_the_living(self) -> "Snapshot":
        """Return what to keep of it: by the time it is asked for, what was alive is old, and large."""
        return msgspec.structs.replace(self, living=Living())


NONE: Final = Snapshot(
    format=FORMAT,
    fold=FOLD,
    seq=0,
    segments=(),
    columns={},
    sums={},
    finished=0,
    moved={},
    living=Living(),
)
_decoder: Final = msgspec.json.Decoder(Snapshot)
_encoder: Final = msgspec.json.Encoder()


def load(disk: Disk, directory: Path) -> Snapshot | None:
    """Return the snapshot of a state directory; None where there is none that can be used.

    Raises OSError for what passes: it says nothing about the snapshot.
    """
    json = _json(disk, directory)
    try:
        found: Any = _decoder.decode(json) if json is not None else None
    except msgspec.DecodeError:
        return None
    return found if found is not None and (found.format, found.fold) == (FORMAT, FOLD) else None


class _Reach(Struct, frozen=True):
    """What a snapshot of any release says of the journal."""

    seq: int


_reaches: Final = msgspec.json.Decoder(_Reach)


def reached(disk: Disk, directory: Path) -> int:
    """Return the commit that a snapshot proves to have been durable, believed or not; 0 for none.

    Raises OSError for what passes: a proof that cannot be read now is not one that is not there.
    """
    json = _json(disk, directory)
    try:
        return _reaches.decode(json).seq if json is not None else 0
    except msgspec.DecodeError:
        return 0


def is_of(disk: Disk, directory: Path, seq: int) -> bool:
    """Tell whether the snapshot that is there can be read and is that of a commit; 0: none is there.

    Raises OSError where that cannot be told.
    """
    if not seq:
        return not is_there(disk, directory)
    return reached(disk, directory) == seq


def is_there(disk: Disk, directory: Path) -> bool:
    """Tell whether there is a snapshot, usable or not."""
    return FILE in disk.names(directory)


def sizes(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    """Yield the files of `history/` that a snapshot points to, and how many bytes of each."""
    yield from ((name, count * WIDTH) for name, count in snapshot.columns.items())
    if snapshot.finished:
        yield finished.FILE, snapshot.finished


def _json(disk: Disk, directory: Path) -> bytes | None:
    try:
        raw = disk.read_file(directory / FILE)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in PASSING:
            raise
        # A bad sector under a cache must not keep us from what it was made from.
        log.warning("cannot read %s: %s", directory / FILE, error.strerror)
        return None
    return body(raw.removesuffix(b"\n"))


def save(disk: Disk, directory: Path, snapshot: Snapshot) -> None:
    """Have a snapshot take the place of the one before."""
    disk.replace_file(directory / FILE, line_of(_encoder.encode(snapshot)))


def retract(disk: Disk, directory: Path) -> None:
    """Take the snapshot away, durably: before anything is written over what it points to."""
    disk.remove(directory / FILE)
    disk.sync_directory(directory)
