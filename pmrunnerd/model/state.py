"""What the facts fold to: the live things of one environment, and a way to try facts on."""

from collections.abc import Iterator, MutableMapping
from typing import Final, TypeVar

from pmrunnerd.model.entities import Message, Plan, Project, Question, Run, Task
from pmrunnerd.model.errors import NotFound

K = TypeVar("K")
V = TypeVar("V")

_GONE: Final = object()


class Overlay(MutableMapping[K, V]):
    """A mapping that reads through to another one and keeps its own changes apart.

    Trying facts on costs what they change, not what the state holds.
    """

    def __init__(self, below: MutableMapping[K, V]) -> None:
        self._below = below
        self._changes: dict[K, object] = {}

    def __getitem__(self, key: K) -> V:
        value = self._changes.get(key, self)
        if value is self:
            return self._below[key]
        if value is _GONE:
            raise KeyError(key)
        return value  # type: ignore[return-value]

    def __setitem__(self, key: K, value: V) -> None:
        self._changes[key] = value

    def __delitem__(self, key: K) -> None:
        self[key]
        self._changes[key] = _GONE

    def __iter__(self) -> Iterator[K]:
        yield from (key for key in self._below if self._changes.get(key) is not _GONE)
        yield from (
            key
            for key, value in self._changes.items()
            if value is not _GONE and key not in self._below
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def settle(self) -> None:
        """Write the changes through."""
        for key, value in self._changes.items():
            if value is _GONE:
                self._below.pop(key, None)
            else:
                self._below[key] = value  # type: ignore[assignment]
        self._changes.clear()


class State:
    """The one place that holds entities, by identifier. Only `rules.evolve` writes to it.

    `messages` are those without a plan. `minted` counts identifiers by kind, so that none is ever
    given twice. `seq` is the commit that the state has reached.
    """

    def __init__(self, below: "State | None" = None) -> None:
        def table(name: str) -> MutableMapping[str, V]:
            return {} if below is None else Overlay(getattr(below, name))

        self._below = below
        self.seq: int = 0 if below is None else below.seq
        self.release: str = "" if below is None else below.release
        self.projects: MutableMapping[str, Project] = table("projects")
        self.messages: MutableMapping[str, Message] = table("messages")
        self.plans: MutableMapping[str, Plan] = table("plans")
        self.tasks: MutableMapping[str, Task] = table("tasks")
        self.runs: MutableMapping[str, Run] = table("runs")
        self.questions: MutableMapping[str, Question] = table("questions")
        self.active: MutableMapping[str, Run] = table("active")
        self.minted: MutableMapping[str, int] = table("minted")

    TABLES: Final = (
        "projects",
        "messages",
        "plans",
        "tasks",
        "runs",
        "questions",
        "active",
        "minted",
    )

    def copy(self) -> "State":
        """Return a second state that holds the same, and from here on changes by itself."""
        twin = State()
        for name in self.TABLES:
            getattr(twin, name).update(getattr(self, name))
        twin.seq, twin.release = self.seq, self.release
        return twin

    def draft(self) -> "State":
        """Return a state that reads through to this one; `settle` it or forget it."""
        return State(self)

    def settle(self) -> None:
        """Write a draft through to the state below it."""
        assert self._below is not None, "only a draft can be settled"
        for name in self.TABLES:
            getattr(self, name).settle()
        self._below.seq, self._below.release = self.seq, self.release

    def project(self, name: str) -> Project:
        """Find a project by alias or identifier; raise NotFound."""
        if name in self.projects and not self.projects[name].removed:
            return self.projects[name]
        for project in self.projects.values():
            if project.alias == name and not project.removed:
                return project
        raise NotFound(f"cannot find project {name}", hint="pmrunnerctl project list")

    def plan(self, identifier: str) -> Plan:
        """Find a plan; raise NotFound."""
        return _find(self.plans, "plan", identifier, "pmrunnerctl plan list")

    def task(self, identifier: str) -> Task:
        """Find a task; raise NotFound."""
        return _find(self.tasks, "task", identifier, "pmrunnerctl task list")

    def run(self, identifier: str) -> Run:
        """Find a run; raise NotFound."""
        return _find(self.runs, "run", identifier, "pmrunnerctl run list")

    def question(self, identifier: str) -> Question:
        """Find a question; raise NotFound."""
        return _find(self.questions, "question", identifier, "pmrunnerctl inbox")

    def open_questions(self, task: Task) -> list[Question]:
        """Return the questions of a task that wait for a person."""
        asked = (self.questions[name] for name in task.questions)
        return [q for q in asked if q.answer is None and not q.withdrawn]


def _find(table: MutableMapping[str, V], what: str, identifier: str, hint: str) -> V:
    try:
        return table[identifier]
    except KeyError:
        raise NotFound(f"cannot find {what} {identifier}", hint=hint) from None
