"""Plans that have ended, with their tasks, runs and questions: put away, and found by any name.

`history/finished.jsonl` has a line for each; `plans` says where it is, `tasks`, `runs` and
`questions` which plan a thing belongs to. A plan that somebody took up again and that ended once
more has a second line, and `moved` says where: what an older snapshot points to never changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from pmrunnerd.model.entities import Plan, Question, Run, Task
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.model.tables import GONE
from pmrunnerd.store.batch import body, line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.index import Index

FILE: Final = "finished.jsonl"
_CHUNK: Final = 16 << 10
_REMEMBERED: Final = 64
_OWNERS: Final = ("tasks", "runs", "questions")


class Bundle(Struct, frozen=True, kw_only=True):
    """A plan and all that belongs to it."""

    plan: Plan
    tasks: tuple[Task, ...] = ()
    runs: tuple[Run, ...] = ()
    questions: tuple[Question, ...] = ()

    @classmethod
    def of(cls, state: State, plan: Plan) -> "Bundle":
        """Collect what belongs to a plan."""
        tasks = tuple(state.tasks[name] for name in plan.tasks)
        return cls(
            plan=plan,
            tasks=tasks,
            runs=tuple(state.runs[name] for task in tasks for name in task.runs),
            questions=tuple(state.questions[name] for task in tasks for name in task.questions),
        )

    def put_away(self, state: State) -> None:
        """Take all of it out of a state, unless any of it has changed since it was collected."""
        parts = [(state.table(table), name, entity) for table, name, entity in self.parts()]
        if all(dict.get(shelf, name, entity) is entity for shelf, name, entity in parts):
            for shelf, name, _ in parts:
                shelf.put(name, GONE)

    def parts(self) -> Iterator[tuple[str, str, Any]]:
        """Yield each thing with the name of its table and its own."""
        yield "plans", self.plan.id, self.plan
        for table in _OWNERS:
            yield from ((table, entity.id, entity) for entity in getattr(self, table))


def ended(state: State) -> list[Bundle]:
    """Collect the plans that have ended and of which something is alive."""
    tasks = [*state.tasks.values()]
    tasks += [state.tasks[run.task] for run in state.runs.values()]
    tasks += [state.tasks[question.task] for question in state.questions.values()]
    plans = (*state.plans, *(task.plan for task in tasks))
    known = (state.plans[name] for name in dict.fromkeys(plans))
    return [Bundle.of(state, plan) for plan in known if plan.state.has_ended]


_decoder: Final = msgspec.json.Decoder(Bundle)
_encoder: Final = msgspec.json.Encoder()


class Lines(NamedTuple):
    """Bundles as a checkpoint writes them, from a byte of the file on; `places` by plan."""

    start: int
    data: bytes
    places: Mapping[str, int]


class Finished:
    """`size` is how many bytes of the file the last snapshot knows of."""

    def __init__(self, disk: Disk, index: Index, size: int, moved: Mapping[str, int]) -> None:
        self._disk = disk
        self._index = index
        self._path = index.directory / FILE
        self.size = size
        self.moved = dict(moved)
        self._remembered: dict[int, dict[tuple[str, str], Any]] = {}

    def find(self, table: str, name: str) -> Any:
        """Return an entity that was put away. Raises KeyError, HistoryDamaged."""
        place = self._place(table, name)
        if place is None:
            raise KeyError(name)
        return self._read(place)[table, name]

    def lines(self, bundles: Iterable[Bundle]) -> Lines:
        """Return what is to be written to put bundles away."""
        places, data, start = {}, [], self.size
        for bundle in bundles:
            places[bundle.plan.id] = start
            data.append(line_of(_encoder.encode(bundle)))
            start += len(data[-1])
        return Lines(self.size, b"".join(data), places)

    def point(self, lines: Lines) -> dict[str, int]:
        """Have the index say where bundles will be; return `moved` as it will be then.

        A plan that has not ended before is alive, wholly, until `settle`, so nobody asks for it.
        """
        plans = self._index.column("plans")
        moved = dict(self.moved)
        for plan, place in lines.places.items():
            count = number(plan)
            if count < len(plans) and 0 < plans[count] <= self.size:
                moved[str(count)] = place
            else:
                plans.put(count, place + 1)
        return moved

    def settle(self, lines: Lines, moved: Mapping[str, int]) -> None:
        """Believe what was written."""
        self.size += len(lines.data)
        self.moved = dict(moved)

    def _place(self, table: str, name: str) -> int | None:
        """Return where the bundle is that a thing belongs to; None where there is none."""
        try:
            count = number(name)
        except ValueError:
            return None
        if table != "plans":
            owners = self._index.column(table)
            count = owners[count] if 0 < count < len(owners) else 0
        if str(count) in self.moved:
            return self.moved[str(count)]
        plans = self._index.column("plans")
        found = plans[count] if 0 < count < len(plans) else 0
        return found - 1 if 0 < found <= self.size else None

    def _read(self, place: int) -> dict[tuple[str, str], Any]:
        if place not in self._remembered:
            if len(self._remembered) >= _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            bundle = self._decode(self._line(place))
            self._remembered[place] = {(table, n): entity for table, n, entity in bundle.parts()}
        return self._remembered[place]

    def _line(self, place: int) -> bytes:
        file = self._disk.open(self._path, "read")
        try:
            line, size = b"", _CHUNK
            while b"\n" not in line and len(line) < self.size - place:
                line = self._disk.read_all(file, size, place)
                size *= 4
        finally:
            self._disk.close(file)
        return line.partition(b"\n")[0]

    def _decode(self, line: bytes) -> Bundle:
        json = body(line)
        if json is None:
            raise self._index.damaged(
                f"cannot read {self._path}: a line does not match its checksum"
            )
        try:
            return _decoder.decode(json)
        except msgspec.DecodeError as error:
            raise self._index.damaged(f"cannot read {self._path}: {error}") from error
