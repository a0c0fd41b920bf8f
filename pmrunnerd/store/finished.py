"""Plans that have ended, with their tasks, runs and questions: put away, and found by any name.

`history/finished.jsonl` has a line for each; `plans` says where it is, `tasks`, `runs` and
`questions` which plan a thing belongs to. A plan that somebody took up again and that ended once
more has a second line, and `moved` says where: what an older snapshot points to never changes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from pmrunnerd.model.entities import Plan, Question, Run, Task
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.model.tables import GONE
from pmrunnerd.store.batch import body, is_hollow, line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import unreadable
from pmrunnerd.store.index import Index

FILE: Final = "finished.jsonl"
_CHUNK: Final = 16 << 10
# Bytes of lines that are remembered as what they say: those that were asked for last.
_REMEMBERED: Final = 256 << 10
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
        tasks = tuple(state.tasks[name] for name in (*plan.tasks, *plan.dropped))
        return cls(
            plan=plan,
            tasks=tasks,
            runs=tuple(state.runs[name] for task in tasks for name in task.runs),
            questions=tuple(state.questions[name] for task in tasks for name in task.questions),
        )

    def put_away(self, state: State) -> None:
        """Take all of it out of a state, unless any of it has changed since it was collected."""
        parts = [(state.table(table), name, entity) for table, name, entity in self.parts()]
        if all(dict.get(shelf, name, entity) == entity for shelf, name, entity in parts):
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
    """`size` is how many bytes of the file the last snapshot knows of.

    `is_alive` tells whether a plan is in memory: what belongs to any other one must be here.
    """

    def __init__(self, disk: Disk, index: Index, size: int, moved: Mapping[str, int]) -> None:
        self._disk = disk
        self._index = index
        self._path = index.directory / FILE
        self.size = size
        self.moved = dict(moved)
        self.is_alive: Callable[[str], bool] = lambda _: True
        self._remembered: dict[int, dict[tuple[str, str], Any]] = {}
        self._room = _REMEMBERED

    def find(self, table: str, name: str) -> Any:
        """Return an entity that was put away. Raises KeyError, HistoryDamaged."""
        count = self._count(name)
        owner = count if table == "plans" else self._index.get(table, count)
        place = self._place(owner)
        if place is None and table != "plans" and owner and not self.is_alive(f"p{owner}"):
            raise self._index.damaged(
                f"cannot find {name}: {self._index.directory / table} says p{owner}, which is nowhere"
            )
        if place is None:
            raise KeyError(name)
        found = self._read(place)
        if all(kind != table or number(other) != count for kind, other in found):
            raise self._index.damaged(
                f"cannot find {name} in {self._path}: its plan is another one"
            )
        return found[table, name]

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
        moved, first = dict(self.moved), {}
        for plan, place in lines.places.items():
            count = number(plan)
            if 0 < self._index.get("plans", count) <= self.size:
                moved[str(count)] = place
            else:
                first[count] = place
        for count, place in first.items():
            self._index.column("plans").put(count, place + 1)
        return moved

    def settle(self, lines: Lines, moved: Mapping[str, int]) -> None:
        """Believe what was written."""
        self.size += len(lines.data)
        self.moved = dict(moved)

    def take_back(self, lines: Lines, moved: Mapping[str, int]) -> None:
        """Have the index forget bundles that were not written."""
        for count in map(number, lines.places):
            if str(count) not in moved:
                self._index.column("plans").put(count, 0)

    def forget(self, alive: Iterable[Plan]) -> None:
        """Have the index forget where plans would be if a checkpoint had not been interrupted."""
        for count in (number(plan.id) for plan in alive):
            if self._index.get("plans", count) > self.size:
                self._index.column("plans").put(count, 0)

    @staticmethod
    def _count(name: str) -> int:
        """Return the number of a name; 0 where it is none."""
        try:
            return number(name)
        except ValueError:
            return 0

    def _place(self, plan: int) -> int | None:
        """Return where the bundle of a plan is; None where there is none."""
        if str(plan) in self.moved:
            return self.moved[str(plan)]
        pointer = self._index.get("plans", plan)
        return pointer - 1 if 0 < pointer <= self.size else None

    def _read(self, place: int) -> dict[tuple[str, str], Any]:
        if place not in self._remembered:
            line = self._line(place)
            self._room -= len(line)
            if self._room < 0:
                self._remembered.clear()
                self._room = _REMEMBERED - len(line)
            parts = self._decode(line).parts()
            self._remembered[place] = {(table, name): entity for table, name, entity in parts}
        return self._remembered[place]

    def _line(self, place: int) -> bytes:
        with unreadable(self._index.damaged):
            try:
                file = self._disk.open(self._path, "read")
            except FileNotFoundError:
                raise self._index.damaged(f"cannot read {self._path}: it is missing") from None
            try:
                return self._line_in(file, place)
            finally:
                self._disk.close(file)

    def _line_in(self, file: int, place: int) -> bytes:
        line, size = b"", _CHUNK
        while b"\n" not in line and len(line) < self.size - place:
            line = self._disk.read_all(file, size, place)
            if len(line) < min(size, self.size - place):
                raise self._index.damaged(f"cannot read {self._path}: it has become shorter")
            if is_hollow(line.partition(b"\n")[0]):
                raise self._index.damaged(f"cannot read {self._path}: there is a hole in it")
            size *= 4
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
