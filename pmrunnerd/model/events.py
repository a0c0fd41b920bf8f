"""Facts, in the past tense. This union is the format of the journal: it only ever grows.

Old releases read journals of newer ones, so: a new field has a default, a field never changes its
type, a fact is never renamed. A fact that belongs to a project names it.
"""

from msgspec import UNSET, Struct, UnsetType

from pmrunnerd.model.entities import (
    GATE_ATTEMPTS,
    Outcome,
    PlanApproval,
    ProjectType,
    Purpose,
    TaskKind,
)
from pmrunnerd.model.gates import Difference, GateRecord, GateResult
from pmrunnerd.model.naming import kebab
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.questions import Kind


class Event(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="fact",
    tag=kebab,
):
    """What all facts share: a tag named after the class, camelCase fields."""


class DaemonStarted(Event, frozen=True, kw_only=True):
    """A daemon opened this state and answers from here on."""

    release: str
    pid: int


class DaemonStopped(Event, frozen=True, kw_only=True):
    """A daemon closed this state in good order. A drain is over with it."""

    release: str
    reason: str


class Drained(Event, frozen=True, kw_only=True):
    """Somebody wants no more runs to begin; those under way go on to their end."""

    by: str = ""


class DrainEnded(Event, frozen=True, kw_only=True):
    """Runs may begin again."""

    by: str = ""


class BackupFailed(Event, frozen=True, kw_only=True):
    """The archive of this state that is made regularly was not made."""

    reason: str


class BackedUp(Event, frozen=True, kw_only=True):
    """It was made again, after it had not been."""


class NotificationsBegan(Event, frozen=True, kw_only=True):
    """People are notified of what is worth it after commit `upto`; of what is before, nothing is owed."""

    upto: int


class NotificationSent(Event, frozen=True, kw_only=True):
    """Somewhere took a notification of all that was worth one up to commit `upto`.

    `things` are what it named; `target` is shown without what is secret of it.
    """

    upto: int
    target: str
    things: tuple[str, ...] = ()


class NotificationFailed(Event, frozen=True, kw_only=True):
    """A notification could not be sent. It is owed still."""

    target: str
    reason: str


class NotificationsEnded(Event, frozen=True, kw_only=True):
    """Nobody is notified from here on, and nothing is owed."""


class CommitLost(Event, frozen=True, kw_only=True):
    """A commit that could not be read any more, or did not follow, and that `repair` replaced.

    `kept` is the file below the state directory that holds what was there, `line` its line in it;
    `minted` are identifiers that it used, which are not given again.
    """

    reason: str
    kept: str = ""
    line: int = 0
    minted: tuple[str, ...] = ()


class StateRestored(Event, frozen=True, kw_only=True):
    """An archive of so many `commits`, all that are before this one, took the place of a state.

    `kept` is the directory of `set-aside/` that the state before is in; no two restores have the
    same. `environment` and `made` say where and when the archive was made.
    """

    commits: int
    kept: str
    environment: str = ""
    made: str = ""


class ProjectAdded(Event, frozen=True, kw_only=True):
    """A directory became a project."""

    project: str
    alias: str
    path: str
    project_type: ProjectType = ProjectType.NORMAL
    bootstrap_prompt: str = ""
    agent: str = "shell"
    plan_approval: PlanApproval = PlanApproval.AUTO
    gate_attempts: int = GATE_ATTEMPTS
    by: str = ""


class ProjectChanged(Event, frozen=True, kw_only=True):
    """Settings of a project changed; those that are absent did not."""

    project: str
    alias: str | UnsetType = UNSET
    project_type: ProjectType | UnsetType = UNSET
    bootstrap_prompt: str | UnsetType = UNSET
    agent: str | UnsetType = UNSET
    plan_approval: PlanApproval | UnsetType = UNSET
    gate_attempts: int | UnsetType = UNSET
    by: str = ""


class ProjectRemoved(Event, frozen=True, kw_only=True):
    """A project was taken off the list. Its directory and its history stay."""

    project: str
    by: str = ""


class MessagePosted(Event, frozen=True, kw_only=True):
    """A person said something in a project."""

    message: str
    project: str
    text: str
    by: str


class PlannedTask(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task as a plan describes it. `needs` are task identifiers of the same plan."""

    task: str
    name: str
    title: str
    text: str
    needs: tuple[str, ...] = ()
    kind: TaskKind = TaskKind.WORK
    files: tuple[str, ...] = ()
    risk: str = ""
    purpose: Purpose | None = None


class PlanDrafted(Event, frozen=True, kw_only=True):
    """A message became a plan; its tasks are part of the same fact."""

    plan: str
    project: str
    message: str
    title: str
    tasks: tuple[PlannedTask, ...]


class PlanBegun(Event, frozen=True, kw_only=True):
    """An agent is to make a message a plan, which `planner`, a task of its own, proposes.

    It takes the place of `instead_of`, against which people had `objections`.
    """

    plan: str
    project: str
    message: str
    title: str
    agent: str
    planner: PlannedTask
    instead_of: str = ""
    objections: tuple[str, ...] = ()


class PlanProposed(Event, frozen=True, kw_only=True):
    """A run of an agent proposed a plan, and the rules have nothing against it."""

    plan: str
    project: str
    run: str
    title: str
    tasks: tuple[PlannedTask, ...]


class PlanEdited(Event, frozen=True, kw_only=True):
    """A person changed a plan that waits for approval; its tasks before are cancelled in the same commit."""

    plan: str
    project: str
    title: str
    tasks: tuple[PlannedTask, ...]
    by: str


class PlanSubmitted(Event, frozen=True, kw_only=True):
    """A plan waits for a person's approval."""

    plan: str
    project: str


class PlanApproved(Event, frozen=True, kw_only=True):
    """A plan may be worked on; `by` is empty where the project approves by itself."""

    plan: str
    project: str
    by: str = ""


class PlanRefused(Event, frozen=True, kw_only=True):
    """A message could not become a plan."""

    plan: str
    project: str
    message: str
    reason: str


class PlanRejected(Event, frozen=True, kw_only=True):
    """A person said no to a plan. Its tasks are cancelled in the same commit."""

    plan: str
    project: str
    reason: str
    by: str


class PlanCompleted(Event, frozen=True, kw_only=True):
    """Every task of a plan is complete."""

    plan: str
    project: str


class PlanFailed(Event, frozen=True, kw_only=True):
    """A task of a plan failed and nothing else of it can go on."""

    plan: str
    project: str
    reason: str


class PlanCancelled(Event, frozen=True, kw_only=True):
    """What was left of a plan was cancelled."""

    plan: str
    project: str


class PlanReopened(Event, frozen=True, kw_only=True):
    """A task of a plan that had ended is tried again."""

    plan: str
    project: str


class PlanningReopened(Event, frozen=True, kw_only=True):
    """The planning of a plan that ended before it was proposed is tried again."""

    plan: str
    project: str


class RunStarted(Event, frozen=True, kw_only=True):
    """The intention to start a run, recorded before its run host is started.

    `allowed` are the US dollars that it may cost, where that is limited.
    """

    run: str
    task: str
    project: str
    agent: str
    attempt: int
    session: str = ""
    allowed: float = 0.0


class RunBegan(Event, frozen=True, kw_only=True):
    """A run host reported that it holds the workspace at commit `head`."""

    run: str
    project: str
    cursor: int
    head: str
    confined: bool


class RunEnded(Event, frozen=True, kw_only=True):
    """A run is over and no process of it is left.

    `peak_memory` is bytes of its largest process, or of all of them at once where the kernel counts
    those, `cpu_seconds` those of all of them; both are absent where nobody could look, as after a run host that was killed. `noted` is what the run host
    said of the output, such as that not all of it was kept. `restored` says that it had what the runs
    before it had left, `told` that its session knows what was answered until it began.
    """

    run: str
    project: str
    outcome: Outcome
    cursor: int
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


class LeftoversKept(Event, frozen=True, kw_only=True):
    """What a run that died had not committed was put away as `ref`, before the next one began."""

    run: str
    project: str
    ref: str
    files: int
    aside: str = ""
    also: tuple[str, ...] = ()


class RunPruned(Event, frozen=True, kw_only=True):
    """The intention to delete what was kept of a run, recorded before anything of it is deleted.

    `size` is bytes of its directory; `refs` are the references of its workspace that were recorded.
    Further ones of the run go with them; what was set aside stays.
    `by` is empty where the limits of retention alone wanted it.
    """

    run: str
    project: str
    size: int
    reason: str
    refs: tuple[str, ...] = ()
    by: str = ""


class TaskCompleted(Event, frozen=True, kw_only=True):
    """A task reached its result; `commit` is empty where it changed nothing.

    Of one that checks, `commit` and `source` say what it found nothing wrong with.
    """

    task: str
    project: str
    commit: str = ""
    result: str = ""
    source: str = ""


class TaskFailed(Event, frozen=True, kw_only=True):
    """A task ended without its result. `objections` are what was wrong with what it proposed."""

    task: str
    project: str
    reason: str
    objections: tuple[str, ...] = ()


class TaskSentBack(Event, frozen=True, kw_only=True):
    """What a run proposed, or came to, was wrong; its task is queued again, for the same session to mend that."""

    task: str
    project: str
    objections: tuple[str, ...]


class CheckBegan(Event, frozen=True, kw_only=True):
    """A task looks, without an agent, at what those before it came to: by that gate run, or at the evidence."""

    task: str
    project: str
    gate_run: str = ""


class TaskMended(Event, frozen=True, kw_only=True):
    """A run has mended, as it says, what a check found; its task is queued to look again."""

    task: str
    project: str


class TaskInterrupted(Event, frozen=True, kw_only=True):
    """A run ended through no fault of its task, which is queued again.

    `parked` means that somebody stopped the daemon, or that the disk was full before it began, which
    says nothing about the task.
    """

    task: str
    project: str
    reason: str
    parked: bool = False


class TaskLimited(Event, frozen=True, kw_only=True):
    """The model's provider took no more, which says nothing about the task; it is queued again.

    `until` is when it may take more; empty is not known, or that a person must log in first.
    """

    task: str
    project: str
    reason: str
    until: str = ""


class TaskHeld(Event, frozen=True, kw_only=True):
    """A run found a workspace that it must not touch; the task waits until that is put right."""

    task: str
    project: str
    reason: str


class AskedQuestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question as it was asked."""

    question: str
    text: str
    options: tuple[str, ...] = ()
    kind: Kind = Kind.AGENT
    details: tuple[str, ...] = ()
    multiple: bool = False
    about: str = ""
    key: str = ""


class TaskAsked(Event, frozen=True, kw_only=True):
    """A run ended with questions, or a check without a `run`; the task waits for a person."""

    task: str
    project: str
    run: str
    questions: tuple[AskedQuestion, ...]


class QuestionAnswered(Event, frozen=True, kw_only=True):
    """A person answered."""

    question: str
    project: str
    text: str
    by: str


class TaskAnswered(Event, frozen=True, kw_only=True):
    """The last open question of a task was answered; it is queued again."""

    task: str
    project: str


class TaskCancelRequested(Event, frozen=True, kw_only=True):
    """A person wants a running task stopped; it is cancelled once its run is gone."""

    task: str
    project: str
    by: str


class TaskCancelled(Event, frozen=True, kw_only=True):
    """A task will not be done unless somebody retries it. Its open questions are withdrawn."""

    task: str
    project: str
    reason: str = ""
    by: str = ""


class TaskRetried(Event, frozen=True, kw_only=True):
    """A person wants a failed or cancelled task tried again."""

    task: str
    project: str
    by: str


class AgentLoggedIn(Event, frozen=True, kw_only=True):
    """An agent has a login of this kind: `api-key`, `token`, or `own`, a person's. Never what it is."""

    agent: str
    kind: str
    by: str = ""
    expires: str = ""


class AgentLoggedOut(Event, frozen=True, kw_only=True):
    """An agent's login was deleted."""

    agent: str
    by: str = ""


class AgentExpiring(Event, frozen=True, kw_only=True):
    """An agent's login will soon be no good any more, and a person is to be told.

    One that is a person's own has ended already.
    """

    agent: str
    expires: str


class AgentLimited(Event, frozen=True, kw_only=True):
    """A provider takes no more of an agent until a time; without one, until a person did something.

    `kind` is `rate`, `overload`, `balance`, `way` or `login`; `times` counts how often in a row. `began` is
    when the run did that met it, and read its login.
    """

    agent: str
    kind: str
    reason: str
    until: str = ""
    times: int = 1
    began: str = ""


class AgentRetried(Event, frozen=True, kw_only=True):
    """A person wants to see at once whether an agent's limit is over; one run does.

    `by` is empty where that person only renewed a login of their own.
    """

    agent: str
    by: str


class AgentFree(Event, frozen=True, kw_only=True):
    """A provider took something of an agent again: its limit is over."""

    agent: str


class GateRunRequested(Event, frozen=True, kw_only=True):
    """Somebody wants gates of a commit tried: those `names`, or all; of the latest where none is given.

    With `preparing` no gate is tried: only what all of them need is made.
    """

    gate_run: str
    project: str
    names: tuple[str, ...] = ()
    commit: str = ""
    by: str = ""
    preparing: bool = False


class GateRunStarted(Event, frozen=True, kw_only=True):
    """The commit was extracted, and its gates are known; `record` has no results but those that answer already."""

    gate_run: str
    project: str
    record: GateRecord


class GateRunRefused(Event, frozen=True, kw_only=True):
    """No gate of it could be tried: there is no such commit, or what it declares is no set of gates."""

    gate_run: str
    project: str
    reason: str


class GateStarted(Event, frozen=True, kw_only=True):
    """The intention to start a gate, recorded before anything of it is started."""

    gate_run: str
    project: str
    gate: str


class GateEnded(Event, frozen=True, kw_only=True):
    """What came of a gate; of one that is skipped, or answered for, without having been started."""

    gate_run: str
    project: str
    result: GateResult


class GateRunEnded(Event, frozen=True, kw_only=True):
    """Each gate that was wanted has its result. `ended` is POSIX seconds, as in the record."""

    gate_run: str
    project: str
    ended: float


class GateRunCancelRequested(Event, frozen=True, kw_only=True):
    """A person wants a gate run stopped; it is cancelled once nothing of it is left."""

    gate_run: str
    project: str
    by: str


class GateRunCancelled(Event, frozen=True, kw_only=True):
    """A gate run was stopped, or never began; gates without a result have none."""

    gate_run: str
    project: str
    by: str = ""


class GateRunInterrupted(Event, frozen=True, kw_only=True):
    """A gate run cannot go on, through no fault of its gates; those without a result have none."""

    gate_run: str
    project: str
    reason: str


class GateAttested(Event, frozen=True, kw_only=True):
    """An admin says what came of a gate elsewhere, for the source of that gate run."""

    gate_run: str
    project: str
    result: GateResult


class GateRunSeen(Event, frozen=True, kw_only=True):
    """Somebody knows that a gate run has not passed."""

    gate_run: str
    project: str
    by: str = ""


class DifferencesAccepted(Event, frozen=True, kw_only=True):
    """A person accepts that gates ask less than before, in just these ways."""

    project: str
    digest: str
    found: tuple[Difference, ...]
    by: str


class PromotionRequested(Event, frozen=True, kw_only=True):
    """Somebody has root move a release into an `environment`, in the place of `previous`, and nothing speaks against it.

    `section` is the text of the evidence that `by` approved, `seal` its hash; `asked` is POSIX seconds, `probation`
    seconds. `weaker` is the digest of what the gates ask less than before, accepted by `weaker_by`.
    """

    promotion: str
    project: str
    deed: Deed
    environment: str
    release: str
    previous: str = ""
    commit: str = ""
    git_tree: str = ""
    source: str = ""
    gate_run: str = ""
    seal: str = ""
    section: str = ""
    weaker: str = ""
    weaker_by: str = ""
    probation: float = 60.0
    unconfined: bool = False
    asked: int = 0
    by: str = ""


class PromotionStepped(Event, frozen=True, kw_only=True):
    """Root is about to take the next step, of which a later release may know more than this one.

    Line `line` of root's record told it, at `when` (POSIX seconds). As of all that follow, line 0 is none: root never came so far, and
    the daemon says it.
    """

    promotion: str
    project: str
    step: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionOpened(Event, frozen=True, kw_only=True):
    """The release is on trial: it runs next, and comes back unless it proves itself."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionReturning(Event, frozen=True, kw_only=True):
    """The release has not proved itself, and the one before it is on its way back."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionConfirmed(Event, frozen=True, kw_only=True):
    """The release has proved itself, and runs from here on."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionReturned(Event, frozen=True, kw_only=True):
    """The release before runs again, and is healthy."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionRefused(Event, frozen=True, kw_only=True):
    """Root says no, or never took it up: what runs was never stopped."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionFailed(Event, frozen=True, kw_only=True):
    """Neither the release nor the one before it is known to be healthy: a person has to look."""

    promotion: str
    project: str
    line: int = 0
    when: float = 0.0
    reason: str = ""


class PromotionEndSeen(Event, frozen=True, kw_only=True):
    """Somebody knows that a promotion has not ended well."""

    promotion: str
    project: str
    by: str = ""


AgentEvent = (
    AgentLoggedIn | AgentLoggedOut | AgentExpiring | AgentLimited | AgentRetried | AgentFree
)

PlanEvent = (
    PlanSubmitted
    | PlanApproved
    | PlanRejected
    | PlanCompleted
    | PlanFailed
    | PlanCancelled
    | PlanReopened
    | PlanningReopened
)

TaskEvent = (
    RunStarted
    | TaskCompleted
    | TaskFailed
    | TaskSentBack
    | CheckBegan
    | TaskMended
    | TaskInterrupted
    | TaskLimited
    | TaskHeld
    | TaskAsked
    | TaskAnswered
    | TaskCancelled
    | TaskRetried
)

GateEvent = (
    GateRunStarted
    | GateRunRefused
    | GateStarted
    | GateEnded
    | GateRunEnded
    | GateRunCancelRequested
    | GateRunCancelled
    | GateRunInterrupted
    | GateAttested
    | GateRunSeen
)

PromotionFact = (
    PromotionStepped
    | PromotionOpened
    | PromotionReturning
    | PromotionConfirmed
    | PromotionReturned
    | PromotionRefused
    | PromotionFailed
    | PromotionEndSeen
)

AnyEvent = (
    DaemonStarted
    | DaemonStopped
    | Drained
    | DrainEnded
    | BackupFailed
    | BackedUp
    | NotificationsBegan
    | NotificationSent
    | NotificationFailed
    | NotificationsEnded
    | CommitLost
    | StateRestored
    | ProjectAdded
    | ProjectChanged
    | ProjectRemoved
    | MessagePosted
    | PlanDrafted
    | PlanBegun
    | PlanProposed
    | PlanEdited
    | PlanRefused
    | PlanEvent
    | RunBegan
    | RunEnded
    | LeftoversKept
    | RunPruned
    | QuestionAnswered
    | TaskCancelRequested
    | TaskEvent
    | AgentEvent
    | GateRunRequested
    | GateEvent
    | DifferencesAccepted
    | PromotionRequested
    | PromotionFact
)
