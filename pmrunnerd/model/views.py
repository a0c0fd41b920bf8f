"""What people are shown: one projection for terminal, HTTP and pages alike.

Times are RFC 3339 in UTC with milliseconds. Lenient: a client skips fields that it does not know.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from pmrunnerd.model.entities import Plan, Project, Question, Run, Task, TaskState
from pmrunnerd.model.events import AnyEvent
from pmrunnerd.model.gates import Differences, GateResult, Gating, GatingState
from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.model.promotions import Promotion

UNCONFINED: Final = "UNCONFINED"
"""What every page says where agents run without a sandbox."""


class View(Struct, frozen=True, kw_only=True, rename="camel"):
    """What all views share: camelCase in JSON, nothing left out."""


class ProjectRow(View, frozen=True, kw_only=True):
    """A project and how many of its tasks are in each state; `now` says what it does.

    `waiting` counts what of it is in the inbox; `unconfined` says that nothing confines its runs.
    """

    id: str
    alias: str
    path: str
    project_type: str
    agent: str
    tasks: dict[TaskState, int]
    questions: int
    now: str
    waiting: int = 0
    unconfined: bool = False


class ProjectTable(View, frozen=True, kw_only=True):
    """All projects."""

    projects: tuple[ProjectRow, ...]


class ProjectView(View, frozen=True, kw_only=True):
    """One project with all its settings."""

    project: Project
    row: ProjectRow


class Door(View, frozen=True, kw_only=True):
    """A door: where it is, and why it is not open where it is not."""

    name: str
    address: str
    problem: str = ""


class Retention(View, frozen=True, kw_only=True):
    """What is kept of runs, as it was found at `at`: bytes, the most that may be, runs.

    `prunable` of them are beyond the limits, and needed by nobody. `gates` is bytes that gate runs left.
    """

    at: str
    size: int
    limit: int
    runs: int
    prunable: int
    gates: int = 0


class AgentView(View, frozen=True, kw_only=True):
    """How an agent is known to its model's provider, and which program it is.

    `login` is the kind, empty where there is none; of a person's own login, `path` is where it is.
    `problem` says why it cannot be used, `limit` why nothing of the agent starts. `tested` is the
    `version` of the program that this release was tested with; empty is not installed, or unknown.
    """

    agent: str
    login: str = ""
    since: str = ""
    by: str = ""
    expires: str = ""
    path: str = ""
    problem: str = ""
    limit: str = ""
    program: str = ""
    version: str = ""
    tested: str = ""
    hint: str = ""


class Flight(StrEnum):
    """Where the canary of a release on trial is."""

    UNDER_WAY = "under-way"
    BACK = "back"
    LOST = "lost"


class Canary(View, frozen=True, kw_only=True):
    """The first task that a release on trial is given, in a project that no list shows; `why` it was lost."""

    flight: Flight
    why: str = ""


class Overview(View, frozen=True, kw_only=True):
    """One environment at a glance. `memory` is bytes resident; `durable` the last synced commit.

    `refusal` says why no further run begins now, whatever waits; `limits` why none of an agent does.
    `spent` is what the runs that ended today (UTC) have cost, in US dollars. `configuration` says why
    what is configured is not what is used; empty where it is. `canary` is of a release on trial alone.
    """

    environment: str
    release: str
    pid: int
    started_at: str
    state_directory: str
    durable: int
    memory: int
    doors: tuple[Door, ...]
    projects: tuple[ProjectRow, ...]
    tasks: dict[TaskState, int]
    runs: int
    slots: int
    questions: int
    confinement: str
    problem: str = ""
    waiting: int = 0
    refusal: str = ""
    retention: Retention | None = None
    limits: tuple[str, ...] = ()
    spent: float = 0.0
    configuration: str = ""
    canary: Canary | None = None


class NotifyTested(View, frozen=True, kw_only=True):
    """What came of a test notification; `target` is shown without what is secret of it."""

    target: str
    delivered: bool
    said: str
    hint: str = ""
    tries: int = 1


class Entry(View, frozen=True, kw_only=True):
    """One line of a conversation. `cursor` is the commit it came with.

    `kind` is message, planning, plan, refusal, approval, question, answer, complete, error, cancelled,
    held, kept, interrupted, limited, sent-back, retried or promotion; `state` is AWAITING_RESPONSE while a question or plan waits,
    ERROR while a task that failed can be tried again. `unconfined`
    says that nothing confined its run, or would confine those that a plan is for; `fixed` that the
    options of a question are its only answers, `multiple` that several can be one. `details` say
    more of each of them, `otherwise` what a text does that is none of them.
    """

    cursor: int
    at: str
    kind: str
    author: str
    text: str
    id: str = ""
    plan: str = ""
    task: str = ""
    run: str = ""
    options: tuple[str, ...] = ()
    state: str = ""
    commit: str = ""
    unconfined: bool = False
    fixed: bool = False
    details: tuple[str, ...] = ()
    multiple: bool = False
    otherwise: str = ""


class Conversation(View, frozen=True, kw_only=True):
    """A page of a conversation, oldest first; `before` leads to the page before it."""

    project: str
    entries: tuple[Entry, ...]
    before: int | None


class InboxItem(View, frozen=True, kw_only=True):
    """Something that waits for a person.

    `kind` is question, plan, held, gates, promotion, login, backup or notify.

    `command` answers a question or a plan, and shows what holds a task back. `unconfined` says that
    nothing confines the run that it leads to, `fixed` that the options are the only answers,
    `multiple` that several of them can be one. `details` say more of each, where there are any;
    `by_runner`: the runner itself asks. `otherwise` says what a text does that is no option.
    `path` is the workspace of what is held back.
    """

    kind: str
    id: str
    project: str
    alias: str
    task: str
    text: str
    options: tuple[str, ...]
    at: str
    command: str
    unconfined: bool = False
    fixed: bool = False
    details: tuple[str, ...] = ()
    multiple: bool = False
    by_runner: bool = False
    otherwise: str = ""
    path: str = ""


class InboxTable(View, frozen=True, kw_only=True):
    """Everything that waits for a person, oldest first; `unconfined` also where nothing does."""

    items: tuple[InboxItem, ...]
    unconfined: bool = False


class PlanRow(View, frozen=True, kw_only=True):
    """A plan and how many of its tasks are in each state; `making` says how far a draft is.

    `unconfined` says that nothing confines what is still to run of it, or confined the latest run
    of one of its tasks.
    """

    plan: Plan
    alias: str
    tasks: dict[TaskState, int]
    making: str = ""
    unconfined: bool = False


class PlanTable(View, frozen=True, kw_only=True):
    """Plans, latest first; `before` names the last of a page that is not the last."""

    plans: tuple[PlanRow, ...]
    before: str | None = None


class TaskRow(View, frozen=True, kw_only=True):
    """A task; `waits` says why a queued one does not run yet, or which answer is waited for. Its text is left out.

    `unconfined` says that nothing confined its latest run, `wants_login` that it waits for one.
    """

    task: Task
    alias: str
    waits: str
    unconfined: bool = False
    wants_login: bool = False


class TaskTable(View, frozen=True, kw_only=True):
    """Tasks, latest first; `before` names the last of a page that is not the last."""

    tasks: tuple[TaskRow, ...]
    before: str | None = None


class PlanView(View, frozen=True, kw_only=True):
    """A plan with its tasks, that of making it first; `making` says how far a draft is.

    `unconfined` says that nothing confines what is still to run of it. `cost` is in US dollars, of
    runs that have ended, and so is its `limit`, 0 for none.
    """

    plan: Plan
    alias: str
    message: str
    tasks: tuple[TaskRow, ...]
    unconfined: bool = False
    making: str = ""
    cost: float = 0.0
    limit: float = 0.0


class TaskView(View, frozen=True, kw_only=True):
    """A task with its runs and questions; `let_go` names the runs whose `kept` is no more.

    `cost` is in US dollars, of runs that have ended, and so is its `limit`, 0 for none.
    """

    task: Task
    alias: str
    waits: str
    runs: tuple[Run, ...]
    questions: tuple[Question, ...]
    let_go: tuple[str, ...] = ()
    cost: float = 0.0
    limit: float = 0.0


class RunRow(View, frozen=True, kw_only=True):
    """A run and the title of its task."""

    run: Run
    alias: str
    title: str


class RunTable(View, frozen=True, kw_only=True):
    """Runs, latest first; `before` names the last of a page that is not the last."""

    runs: tuple[RunRow, ...]
    before: str | None = None


class Pruned(View, frozen=True, kw_only=True):
    """When and why the files of a run were let go, how many bytes, and which references with them.

    `by` is empty where the limits of retention alone wanted it.
    """

    at: str
    reason: str
    size: int
    refs: tuple[str, ...] = ()
    by: str = ""


class RunView(View, frozen=True, kw_only=True):
    """A run and where its files are, unless they were `pruned`."""

    run: Run
    alias: str
    title: str
    directory: str
    alive: bool
    pruned: Pruned | None = None


class GateRow(View, frozen=True, kw_only=True):
    """A gate run at a glance: how many gates it wants, and how many have which verdict.

    `passed` says that each of them has passed, `whole` that they are all that the commit declares. One that is
    `preparing` wants none, and has passed once what they need is there. Of one that is `building` what its gates judge
    is built, before they begin.
    """

    id: str
    alias: str
    state: GatingState
    asked: str
    at: str
    by: str
    commit: str
    gates: int
    verdicts: dict[str, int]
    passed: bool
    whole: bool
    reason: str = ""
    preparing: bool = False
    building: bool = False


class GateTable(View, frozen=True, kw_only=True):
    """Gate runs, latest first; `before` names the last of a page that is not the last."""

    runs: tuple[GateRow, ...]
    before: str | None = None


class GateView(View, frozen=True, kw_only=True):
    """A gate run with its record: what was declared, and what came of each gate."""

    row: GateRow
    run: Gating


class WeakerView(View, frozen=True, kw_only=True):
    """What the gates of a gate run ask less than those `before` it; `accepted` is by whom all of that was.

    `before` says which these are; it is empty where nothing was gated before.
    """

    run: str
    alias: str
    before: str
    differences: Differences
    accepted: str = ""


class LogLine(View, frozen=True, kw_only=True):
    """Something a run host reported; `cursor` is where to go on after it."""

    cursor: int
    progress: AnyProgress


class LogPiece(View, frozen=True, kw_only=True):
    """Part of the log of a gate; `cursor` is its bytes up to the end of that."""

    cursor: int
    text: str


class Happening(View, frozen=True, kw_only=True):
    """The facts of one commit; `cursor` is its number."""

    cursor: int
    at: str
    facts: tuple[AnyEvent, ...]


class Complaint(View, frozen=True, kw_only=True):
    """One thing that is wrong, and what mends it; `line` is one of the file, 0 where it is of none."""

    what: str
    remedy: str
    line: int = 0


class EvidenceView(View, frozen=True, kw_only=True):
    """Whether a section can be shown to who approves. It is looked at as text: nobody understood it.

    `seal` is the hash of the section, which is what is approved; empty where there is none.
    `compared` says whether there were records that the gate table was held against.
    """

    source: str
    commit: str
    base: str
    areas: tuple[str, ...]
    complaints: tuple[Complaint, ...]
    seal: str = ""
    line: int = 0
    title: str = ""
    compared: bool = True


class EvidenceDraft(View, frozen=True, kw_only=True):
    """A section that is still to be completed in `places` places, and the whole file with it."""

    source: str
    commit: str
    section: str
    places: int
    file: str = ""
    written: str = ""
    was_there: bool = False


class Prerequisite(View, frozen=True, kw_only=True):
    """One thing that has to hold before a release is promoted; `remedies` are commands, where it does not."""

    name: str
    met: bool
    said: str
    remedies: tuple[str, ...] = ()


class NewCommit(View, frozen=True, kw_only=True):
    """A commit that the release that runs does not have."""

    id: str
    subject: str
    author: str


class NewPath(View, frozen=True, kw_only=True):
    """What became of a path since the release that runs; of what has no lines nobody counts them."""

    path: str
    kind: str
    added: int | None = None
    removed: int | None = None


class ChangesView(View, frozen=True, kw_only=True):
    """What is new since `base`, the commit of the release that runs: `why` where that cannot be told.

    Of many commits and paths the latest and the first are there; `commits_more` and `files_more` count the rest.
    """

    base: str = ""
    why: str = ""
    commits: tuple[NewCommit, ...] = ()
    commits_more: int = 0
    files: tuple[NewPath, ...] = ()
    files_more: int = 0


class PromotionPlan(View, frozen=True, kw_only=True):
    """What a promotion would be, and all that has to hold for it; nothing is changed by looking.

    `section` is the text of the evidence, `seal` its hash: what whoever approves it has seen. `ready` says that nothing
    but the approval is missing, `allowed` that who looks may promote. `restarts` are the units that would be started anew.
    """

    alias: str
    environment: str
    commit: str
    source: str
    checklist: tuple[Prerequisite, ...]
    ready: bool
    release: str = ""
    running: str = ""
    seal: str = ""
    section: str = ""
    changes: ChangesView = ChangesView()
    gates: tuple[GateResult, ...] = ()
    weaker: WeakerView | None = None
    evidence: EvidenceView | None = None
    level: int = 0
    release_level: int = 0
    restarts: tuple[str, ...] = ()
    allowed: bool = True


class PromotionRow(View, frozen=True, kw_only=True):
    """A promotion, a rollback or a try, with its project as people call it.

    `stuck` says that root fell silent in the middle of it, and what goes on with it.
    """

    promotion: Promotion
    alias: str
    stuck: str = ""


class PromotionTable(View, frozen=True, kw_only=True):
    """Promotions, latest first; `before` names the last of a page that is not the last."""

    promotions: tuple[PromotionRow, ...]
    before: str | None = None
