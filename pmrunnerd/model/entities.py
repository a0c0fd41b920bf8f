"""The nouns. All are frozen: they change only by a fact, in `rules.evolve`."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from pmrunnerd.model.questions import Kind

# How often an agent is to mend what a check found, before a person is asked.
GATE_ATTEMPTS: Final = 3


class ProjectType(StrEnum):
    """`runner-dev` is a project that is this runner itself."""

    NORMAL = "normal"
    RUNNER_DEV = "runner-dev"


class PlanApproval(StrEnum):
    """Whether a person approves a plan before its tasks start."""

    AUTO = "auto"
    MANUAL = "manual"


class PlanState(StrEnum):
    """Where a plan stands; `rules.transitions.PLAN` says how it moves."""

    DRAFT = "DRAFT"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    ACTIVE = "ACTIVE"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing of the plan goes on unless somebody wants it to."""
        return self in _ENDED


_ENDED: Final = frozenset(
    {PlanState.COMPLETE, PlanState.ERROR, PlanState.REJECTED, PlanState.CANCELLED}
)


class TaskState(StrEnum):
    """Where a task stands; `rules.transitions.TASK` says how it moves."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    AWAITING_RESPONSE = "AWAITING_RESPONSE"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class TaskKind(StrEnum):
    """What a task is for.

    `work` is a part of its plan, `planning` is what makes the plan. `gates` and `evidence` are what the
    plan of a runner-dev project ends with: a commit is checked, and an agent mends what does not hold.
    """

    WORK = "work"
    PLANNING = "planning"
    GATES = "gates"
    EVIDENCE = "evidence"

    @property
    def checks(self) -> bool:
        """Tell whether it looks at what the tasks before it came to."""
        return self in _CHECKS


_CHECKS: Final = frozenset({TaskKind.GATES, TaskKind.EVIDENCE})


class Purpose(StrEnum):
    """What a planner has a task for. One of `research` need not change anything; the others do."""

    CODE = "code"
    TESTS = "tests"
    DOCS = "docs"
    RESEARCH = "research"


class Outcome(StrEnum):
    """How a run ended. Retry rules, messages and colours differ by it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    STALLED = "stalled"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    ASKED = "asked"
    HELD = "held"
    LIMITED = "limited"


class Entity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What all nouns share: camelCase in JSON, defaults left out."""


class Project(Entity, frozen=True, kw_only=True):
    """A directory that the runner works on. `path` is absolute; `alias` is what people type.

    `gate_attempts` is how often an agent mends what gates, or a look at its evidence, found.
    """

    id: str
    alias: str
    path: str
    project_type: ProjectType = ProjectType.NORMAL
    bootstrap_prompt: str = ""
    agent: str = "shell"
    plan_approval: PlanApproval = PlanApproval.AUTO
    gate_attempts: int = GATE_ATTEMPTS
    removed: bool = False


class Message(Entity, frozen=True, kw_only=True):
    """What a person said and no plan answers yet."""

    id: str
    project: str
    text: str
    by: str
    at: str


class Plan(Entity, frozen=True, kw_only=True):
    """What the runner made of a message: its tasks, by identifier.

    `agent` is whose plan it is, and who works on it; empty is whoever its project has by then. It
    takes the place of `instead_of`, and `replaced_by` took its own; `objections` are what people had
    against those before it. `edits` counts how often a person changed it, `dropped` are the tasks
    that are no part of it since.
    """

    id: str
    project: str
    message: str
    title: str
    state: PlanState
    tasks: tuple[str, ...] = ()
    reason: str = ""
    at: str = ""
    agent: str = ""
    instead_of: str = ""
    replaced_by: str = ""
    objections: tuple[str, ...] = ()
    edits: int = 0
    dropped: tuple[str, ...] = ()


class Task(Entity, frozen=True, kw_only=True):
    """One piece of work. `needs` are tasks that must be COMPLETE before it starts.

    `files` are those that its plan expects to change, `result` is what its last run said of itself.
    `objections` are what was wrong with what its last run proposed, `sent_back` how often that was so;
    of one that checks, what is to be mended. `gate_run` is the latest that it asked for, `source` the digest
    of the source for which it is complete.
    """

    id: str
    project: str
    plan: str
    name: str
    title: str
    text: str
    state: TaskState
    needs: tuple[str, ...] = ()
    reason: str = ""
    held: bool = False
    cancelling: str = ""
    interruptions: int = 0
    runs: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    commit: str = ""
    at: str = ""
    kind: TaskKind = TaskKind.WORK
    files: tuple[str, ...] = ()
    risk: str = ""
    result: str = ""
    objections: tuple[str, ...] = ()
    sent_back: int = 0
    purpose: Purpose | None = None
    gate_run: str = ""
    source: str = ""


class Ended(Entity, frozen=True, kw_only=True):
    """How and when a run ended.

    `kept` names the git reference that holds what it left behind, `aside` a directory below the
    workspace with repositories that it had made in there. `also` are further references that hold
    something of it; of one in a submodule, `REF in PATH`.
    `peak_memory` is bytes of its largest process, or of all at once where the kernel counts them,
    `cpu_seconds` those of all; None is not known.
    `noted` is what its host said of the output, `findings` what was found to be wrong with the work. `dollars` and `turns` are what the model took; None
    is not known, or that there was none. `restored` says that it had what the runs before it had left,
    `told` that its session knows what was answered until it began.
    """

    outcome: Outcome
    at: str
    reason: str = ""
    status: int | None = None
    commit: str = ""
    kept: str = ""
    also: tuple[str, ...] = ()
    aside: str = ""
    peak_memory: int | None = None
    cpu_seconds: float | None = None
    noted: str = ""
    dollars: float | None = None
    turns: int | None = None
    findings: tuple[str, ...] = ()
    restored: bool = False
    told: bool = False


class Run(Entity, frozen=True, kw_only=True):
    """One attempt at a task by one agent. `cursor` counts bytes of its event file recorded here.

    `allowed` are the US dollars that it may cost, where that is limited.
    """

    id: str
    task: str
    project: str
    agent: str
    attempt: int
    at: str
    session: str = ""
    head: str = ""
    confined: bool | None = None
    cursor: int = 0
    allowed: float = 0.0
    ended: Ended | None = None


class Response(Entity, frozen=True, kw_only=True):
    """What a person answered to a question."""

    text: str
    by: str
    at: str


class Question(Entity, frozen=True, kw_only=True):
    """Something that an agent asked, or the runner itself; open until a person answers."""

    id: str
    project: str
    task: str
    run: str
    text: str
    options: tuple[str, ...] = ()
    kind: Kind = Kind.AGENT
    details: tuple[str, ...] = ()
    multiple: bool = False
    about: str = ""
    key: str = ""
    at: str = ""
    answer: Response | None = None
    withdrawn: bool = False
