"""What the facts fold to: the live things of one environment, and a way to try facts on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from pmrunnerd.model.accounts import Account
from pmrunnerd.model.entities import Message, Plan, Project, Question, Run, Task, TaskState
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.gates import Acceptance, Gating
from pmrunnerd.model.naming import number
from pmrunnerd.model.promotions import Promotion
from pmrunnerd.model.tables import Shelf, Table, Write

V = TypeVar("V")

# Finds what was put away, by the name of its table and its own; raises KeyError.
Elsewhere = Callable[[str, str], Any]


class State:
    """The one place that holds entities, by identifier. Only `rules.evolve` writes to it.

    `messages` are those without a plan. `tallies` counts tasks, finished ones too, by project and
    state. `accounts` are those that agents have with providers, by agent. `gatings` are the latest gate runs of each
    project, `accepted` what people accepted of gates that ask less, by project and digest. `promotions` are the latest ones. `minted` counts identifiers by kind, so that none is ever given twice. `seq` is the
    commit that the state has reached. Plans that ended may have been put away together with their
    tasks, runs and questions: they are found by name, and not come across.
    """

    TABLES: Final = (
        *("projects", "messages", "plans", "tasks", "runs", "questions"),
        *("active", "minted", "tallies", "about", "accounts", "gatings", "accepted", "promotions"),
    )
    # What is put away once its plan has ended.
    FINISHED: Final = ("plans", "tasks", "runs", "questions")

    def __init__(self, elsewhere: Elsewhere | None = None) -> None:
        self._elsewhere = elsewhere
        self._log: list[Write] = []
        self.seq: int = 0

        def shelf(name: str) -> Shelf[str, Any]:
            return Shelf(name, self._log, elsewhere)

        self.projects: Table[str, Project] = Table("projects", self._log)
        self.messages: Table[str, Message] = Table("messages", self._log)
        self.plans: Shelf[str, Plan] = shelf("plans")
        self.tasks: Shelf[str, Task] = shelf("tasks")
        self.runs: Shelf[str, Run] = shelf("runs")
        self.questions: Shelf[str, Question] = shelf("questions")
        self.active: Table[str, Run] = Table("active", self._log)
        self.minted: Table[str, int] = Table("minted", self._log)
        self.tallies: Table[str, int] = Table("tallies", self._log)
        self.about: Table[str, str] = Table("about", self._log)
        self.accounts: Table[str, Account] = Table("accounts", self._log)
        self.gatings: Table[str, Gating] = Table("gatings", self._log)
        self.accepted: Table[str, Acceptance] = Table("accepted", self._log)
        self.promotions: Table[str, Promotion] = Table("promotions", self._log)

    @property
    def release(self) -> str:
        """The release of the daemon that opened this state last."""
        return self.about.get("release", "")

    @property
    def draining(self) -> str:
        """Who wants no more runs to begin; empty where nobody does."""
        return self.about.get("draining", "")

    @property
    def unsaved(self) -> tuple[str, str]:
        """When the last regular archive was not made, and why; both empty where it was."""
        return self.about.get("unsaved-at", ""), self.about.get("unsaved", "")

    @property
    def notified(self) -> int | None:
        """The commit up to which people were notified of all; None where nobody is."""
        found = self.about.get("notified")
        return None if found is None else int(found)

    @property
    def unnotified(self) -> tuple[str, str]:
        """When the last notification could not be sent, and why; both empty where it was."""
        return self.about.get("unnotified-at", ""), self.about.get("unnotified", "")

    def copy(self) -> "State":
        """Return a second state that holds the same, and from here on changes by itself."""
        twin = State(self._elsewhere)
        for name in self.TABLES:
            twin.table(name).put_all(self.table(name).items())
        twin.seq = self.seq
        return twin

    def table(self, name: str) -> Table[Any, Any]:
        """Return a table by its name."""
        found: Table[Any, Any] = getattr(self, name)
        return found

    # Trying facts on

    @contextmanager
    def trial(self) -> Iterator["State"]:
        """Take everything back at the end that is written to this state meanwhile."""
        mark = len(self._log)
        try:
            yield self
        finally:
            self._take_back(mark)

    def written(self, write: Callable[["State"], None]) -> Sequence[Write]:
        """Have somebody write, and return what was written; if that raises, nothing was."""
        assert not self._log, "a trial is not for keeps"
        try:
            write(self)
            return tuple(self._log)
        except BaseException:
            self._take_back(0)
            raise
        finally:
            self._log.clear()

    def follow(self, writes: Sequence[Write]) -> None:
        """Write what was written to another state that was like this one."""
        for table, key, _, after in writes:
            getattr(self, table).put(key, after)

    def _take_back(self, mark: int) -> None:
        while len(self._log) > mark:
            table, key, before, _ = self._log.pop()
            getattr(self, table).put(key, before)

    # Finding things

    def project(self, name: str) -> Project:
        """Find a project by alias, or else by identifier; raise NotFound."""
        for project in self.projects.values():
            if project.alias == name and not project.removed:
                return project
        return self.project_of(name)

    def once_project(self, name: str) -> Project:
        """Find a project to look back at: as `project` does, or else one that was removed; raise NotFound."""
        try:
            return self.project(name)
        except NotFound:
            gone = [one for one in self.projects.values() if name in {one.alias, one.id}]
            if not gone:
                raise
            return gone[-1]

    def project_of(self, identifier: str) -> Project:
        """Find the project that a fact is about, whatever the others are called; raise NotFound."""
        project = self.projects.get(identifier)
        if project is None or project.removed:
            raise NotFound(f"cannot find project {identifier}", hint="pmrunnerctl project list")
        return project

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

    def gating(self, identifier: str) -> Gating:
        """Find a gate run; raise NotFound, of one that many others came after, too."""
        return _find(self.gatings, "gate run", identifier, "pmrunnerctl gate list")

    def promotion(self, identifier: str) -> Promotion:
        """Find a promotion, for which its number is enough; raise NotFound, of an old one, too."""
        if identifier not in self.promotions and "-" not in identifier:
            same = (one for one in self.promotions if one.startswith(f"{identifier}-"))
            identifier = next(same, identifier)
        return _find(self.promotions, "promotion", identifier, "pmrunnerctl promotion list")

    @property
    def promoting(self) -> Promotion | None:
        """The promotion that has not ended; there is one at a time."""
        going = (one for one in self.promotions.values() if not one.state.has_ended)
        return max(going, key=lambda one: number(one.id), default=None)

    def open_questions(self, task: Task) -> list[Question]:
        """Return the questions of a task that wait for a person."""
        asked = (self.questions[name] for name in task.questions)
        return [q for q in asked if q.answer is None and not q.withdrawn]

    def tally(self, project: str, state: TaskState) -> int:
        """Return how many tasks of a project are in a state, finished ones included."""
        return self.tallies.get(f"{project} {state}", 0)


def _find(table: Mapping[str, V], what: str, identifier: str, hint: str) -> V:
    try:
        return table[identifier]
    except KeyError:
        raise NotFound(f"cannot find {what} {identifier}", hint=hint) from None
