"""The desk that every handler works at: what a door may see of the house, and nothing else."""

import secrets
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pmrunnerd.api.moving import Looking, Promoting, Still
from pmrunnerd.api.uploads import Uploads
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.entities import Project, Task
from pmrunnerd.model.errand import Inspected
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.notices import Word
from pmrunnerd.model.protocol import AgentLogin, EvidenceCheck, EvidenceWrite
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.upkeep import PruneTable, Reloaded
from pmrunnerd.model.views import (
    UNCONFINED,
    AgentView,
    Canary,
    Door,
    EvidenceDraft,
    EvidenceView,
    Retention,
)
from pmrunnerd.store.store import Store


class Retaining(Protocol):
    """Knows what is kept of runs, and lets go of it.

    Tells what it found last, and what may go.
    """

    @property
    def last(self) -> Retention | None: ...
    async def look(self) -> PruneTable: ...
    async def prune(self, by: str) -> PruneTable: ...


class Accounting(Protocol):
    """Knows what is said of a commit beside its gates."""

    async def check(self, project: Project, request: EvidenceCheck) -> EvidenceView: ...
    async def write(self, project: Project, request: EvidenceWrite) -> EvidenceDraft: ...


class Logging(Protocol):
    """Keeps the logins of agents."""

    async def login(self, request: AgentLogin, by: str) -> AgentView: ...
    async def logout(self, agent: str, by: str) -> AgentView: ...
    async def show(self, agent: str) -> AgentView: ...
    async def attempt(self, agent: str, settings: Settings) -> Checkup: ...


class Listening(Protocol):
    """Reads what gates printed: a page behind a cursor, None where there is no log."""

    def read(self, record: GateRun, gate: str, cursor: int) -> bytes | None: ...


class Replacing(Protocol):
    """Knows which gates what runs has passed, and what that is called; None where it passed none."""

    async def gated(self, project: Project) -> tuple[str, GateRun] | None: ...


class Telling(Protocol):
    """Notifies people; returns what came of a test, and whereto it went."""

    async def test(self) -> tuple[Word, str]: ...


class _Silent:
    """Notifies nobody."""

    async def test(self) -> tuple[Word, str]:
        raise Refused("cannot send a test: this daemon notifies nobody")


class _First:
    """Nothing runs that any gate has seen."""

    async def gated(self, project: Project) -> tuple[str, GateRun] | None:
        del project
        return None


class _Deaf:
    """Knows no log of any gate."""

    def read(self, record: GateRun, gate: str, cursor: int) -> bytes | None:
        del record, gate, cursor
        return None


def no_restart() -> None:
    """Refuse: nobody would start us again."""
    raise Refused("cannot restart: no service manager runs this daemon", hint="pmrunnerctl restart")


def no_reload() -> Reloaded:
    """Change nothing: nothing is configured."""
    return Reloaded(used=())


def no_gates() -> str:
    """Say why no gate can be tried: nothing here does."""
    return "nothing in this release tries them yet"


@dataclass(kw_only=True)
class Desk:
    """Given to the doors by main. The callables belong to the engine and the services.

    `waits` says why a queued task does not run yet, `refusal` why none begins now, `alive` whether
    a run's host exists, `grown` returns when a run's event file may have grown. `memory` is bytes
    resident. `inspect` looks at a directory that is to become a project. `stop` stops the daemon,
    with `True` without its runs. `reopen` has the daemon leave and come back on the state that the
    disk has by then. `retention` lets go of what was kept of runs, `logins` keeps those of agents,
    `evidence` knows what is said of commits, `notices` notify people, `gate_logs` are what gates printed,
    `building` are gate runs for which something is built,
    `running` knows which gates the release that runs has passed, `premises` all that has to hold before another one does,
    and `promoting` has root move it; `token` is some chance for a name, `least_probation` seconds. `checkup` looks at what this
    daemon has of what it needs. `problem` says in one line what keeps the daemon from working; it
    is empty where nothing does. `full` says in the same way that the disk has no room for new work,
    `configuration` that what is configured is not what is used, `canary` what is known of that of a release on trial. `restart` has a service manager start us
    again, `reload` uses what is configured now; both refuse in words. `installed` as in `changes`. `gateless` is why no gate can be tried here; empty
    where one can.
    """

    store: Store
    settings: Settings
    environment: str
    release: str
    started_at: str
    state_directory: Path
    agents: tuple[str, ...]
    confinement: str
    waits: Callable[[Task], str]
    refusal: Callable[[], str]
    alive: Callable[[str], bool]
    grown: Callable[[str], Awaitable[None]]
    memory: Callable[[], int]
    inspect: Callable[[Path], Awaitable[Inspected]]
    stop: Callable[[bool], None]
    checkup: Callable[[], Checkup]
    problem: Callable[[], str]
    now: Callable[[], str]
    reopen: Callable[[], None]
    retention: Retaining
    logins: Logging
    evidence: Accounting
    notices: Telling = field(default_factory=_Silent)
    premises: Looking = field(default_factory=Still)
    promoting: Promoting = field(default_factory=Still)
    least_probation: int = 0
    token: Callable[[], str] = lambda: secrets.token_hex(2)
    gate_logs: Listening = field(default_factory=_Deaf)
    running: Replacing = field(default_factory=_First)
    uploads: Uploads = field(default_factory=Uploads)
    building: Set[str] = frozenset()
    full: Callable[[], str] = str
    configuration: Callable[[], str] = str
    canary: Callable[[], Canary | None] = lambda: None
    restart: Callable[[], None] = no_restart
    reload: Callable[[], Reloaded] = no_reload
    gateless: Callable[[], str] = no_gates
    installed: bool = False
    log_hint: str = "the daemon's log has the rest"
    doors: dict[str, Door] = field(default_factory=dict)

    @property
    def unconfined(self) -> bool:
        """Whether runs have nothing here that confines them."""
        return self.confinement == UNCONFINED

    @property
    def link(self) -> str:
        """Where a browser finds this environment; empty where its door is shut."""
        door = self.doors.get("web")
        return door.address if door and not door.problem else ""

    def run_directory(self, run: str) -> Path:
        """Return where the files of a run are."""
        return self.state_directory / "runs" / run
