"""What can be asked, of whom, and what comes back. Every door reads `COMMANDS`.

The decoder, authorization, the client's types, HTTP routes, help and schema come from this table.
"""

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pmrunnerd.model import upkeep as u
from pmrunnerd.model import views as v
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.entities import (
    GATE_ATTEMPTS,
    PlanApproval,
    Project,
    ProjectType,
    Purpose,
)
from pmrunnerd.model.logins import LONGEST, Login
from pmrunnerd.model.progress import AnyProgress

R = TypeVar("R")

MESSAGE_LIMIT: Final = 1 << 20
# Bytes of an archive that come in one request.
UPLOAD_LIMIT: Final = 256 << 10

Text = Annotated[str, Meta(min_length=1, max_length=MESSAGE_LIMIT)]
Attempts = Annotated[int, Meta(ge=0, le=100)]
Word = Annotated[str, Meta(min_length=1, max_length=256)]
Name = Annotated[str, Meta(pattern=r"^[a-z][0-9]{1,15}(-[a-z0-9]{1,16})?$")]
Commit = Annotated[str, Meta(pattern=r"^([0-9A-Za-z][0-9A-Za-z._/@^~{}-]{0,255})?$")]
# SHA-256 of what somebody approves, in hexadecimal; empty where nobody does.
Seal = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")]
Probation = Annotated[int, Meta(ge=0, le=86400)]  # seconds
Lineage = Annotated[str, Meta(max_length=256)]
# A commit as people name one; nothing that git would take for an option, or for a file of one.
Revision = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/~^@{}+-]{0,255}$")]
Limit = Annotated[int, Meta(ge=1, le=1000)]
# As large as a number may be that each client can read: 2**53 - 1.
Place = Annotated[int, Meta(ge=0, le=9007199254740991)]


def command_name(request: str) -> str:
    """Spell a request's class name as its command: `ProjectAdd` is `project add`."""
    return "".join(
        f" {c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(request)
    )


class Access(StrEnum):
    """What a caller must be allowed to do. Each level includes those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


class Request(
    Struct,
    Generic[R],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
    tag_field="command",
    tag=command_name,
):
    """Strict: an old daemon says so when a newer client asks for what it does not know."""


class Done(v.View, frozen=True, kw_only=True):
    """It is durable. `id` names what was made or changed."""

    id: str


class Decided(Done, frozen=True, kw_only=True):
    """An answer is durable. `decided` says what it means; empty for the agent's own question."""

    decided: str = ""


class Status(Request[v.Overview], frozen=True, kw_only=True):
    """Show the environment, its projects and what they do now."""


class Doctor(Request[Checkup], frozen=True, kw_only=True):
    """Look at what a daemon needs: sandbox, limits, disk, clock, permissions.

    As the daemon has them itself: whoever asks may have others.
    """


class Stop(Request[Done], frozen=True, kw_only=True):
    """Stop the daemon: park its runs and leave, or keep them going for a restart.

    `keepRuns` leaves agents at work; a daemon that starts later finds them again.
    """

    keep_runs: bool = False


class Restart(Request[Done], frozen=True, kw_only=True):
    """Restart the daemon; its runs go on meanwhile.

    Only where a service manager starts it again, and once in a while: not soon after it started.
    """


class Reload(Request[u.Reloaded], frozen=True, kw_only=True):
    """Read the configuration again, and use what can be used without a restart.

    One that is wrong changes nothing.
    """


class Drain(Request[Done], frozen=True, kw_only=True):
    """Let no more runs begin; those under way go on to their end.

    `end` lets them begin again.
    """

    end: bool = False


class ProjectAdd(Request[Project], frozen=True, kw_only=True):
    """Make a directory with a git repository a project."""

    path: Word
    alias: Word
    project_type: ProjectType = ProjectType.NORMAL
    bootstrap_prompt: Annotated[str, Meta(max_length=MESSAGE_LIMIT)] = ""
    agent: Word = "shell"
    plan_approval: PlanApproval = PlanApproval.AUTO
    gate_attempts: Attempts = GATE_ATTEMPTS


class ProjectList(Request[v.ProjectTable], frozen=True, kw_only=True):
    """List the projects."""


class ProjectShow(Request[v.ProjectView], frozen=True, kw_only=True):
    """Show a project, its settings and what it does now."""

    project: Word


class ProjectSet(Request[Project], frozen=True, kw_only=True):
    """Change settings of a project; the others stay."""

    project: Word
    alias: Word | UnsetType = UNSET
    project_type: ProjectType | UnsetType = UNSET
    bootstrap_prompt: Annotated[str, Meta(max_length=MESSAGE_LIMIT)] | UnsetType = UNSET
    agent: Word | UnsetType = UNSET
    plan_approval: PlanApproval | UnsetType = UNSET
    gate_attempts: Attempts | UnsetType = UNSET


class ProjectRemove(Request[Done], frozen=True, kw_only=True):
    """Take a project off the list. Its directory and its history stay."""

    project: Word


class ChatSend(Request[Done], frozen=True, kw_only=True):
    """Say something to a project. The runner makes it a plan."""

    project: Word
    text: Text


class ChatHistory(Request[v.Conversation], frozen=True, kw_only=True):
    """Show a page of a conversation: the latest, or those before a cursor."""

    project: Word
    before: Place | None = None
    limit: Limit = 50


class ChatFollow(Request[v.Entry], frozen=True, kw_only=True):
    """Follow a conversation as it goes on.

    `lineage` is the state that the cursor is of, by the daemon's hello, where one goes on.
    """

    project: Word
    since: Place | None = None
    lineage: Lineage = ""


class Inbox(Request[v.InboxTable], frozen=True, kw_only=True):
    """List everything that waits for a person."""

    project: Word | None = None
    question: Word | None = None  # this one alone, answered or not


class Answer(Request[Decided], frozen=True, kw_only=True):
    """Answer a question. The task that asked goes on."""

    question: Word
    text: Text


class PlanList(Request[v.PlanTable], frozen=True, kw_only=True):
    """List the plans, latest first, or those before one."""

    project: Word | None = None
    before: Name | None = None
    limit: Limit = 50


class PlanShow(Request[v.PlanView], frozen=True, kw_only=True):
    """Show a plan with its tasks.

    With `texts`, also what each is to do: of a large plan that is more than everybody wants to read.
    """

    plan: Word
    texts: bool = False


class PlanApprove(Request[Done], frozen=True, kw_only=True):
    """Let the tasks of a plan start."""

    plan: Word


class PlanReject(Request[Done], frozen=True, kw_only=True):
    """Say no to a plan, and why. An agent that planned it plans again, unless told to `drop` it."""

    plan: Word
    reason: Text
    drop: bool = False


class EditedTask(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
):
    """A task as a person wants it; `needs` are names of others of the same plan."""

    name: Word
    text: Text
    title: Annotated[str, Meta(max_length=4096)] = ""
    needs: tuple[Word, ...] = ()
    files: tuple[Annotated[str, Meta(min_length=1, max_length=4096)], ...] = ()
    risk: Annotated[str, Meta(max_length=4096)] = ""
    purpose: Purpose | None = None


class PlanEdit(Request[Done], frozen=True, kw_only=True):
    """Change a plan that waits for approval: title and tasks. `approve` lets it start at once.

    `edits` is how often it had been edited when it was looked at.
    """

    plan: Word
    edits: Place
    tasks: tuple[EditedTask, ...]
    title: Annotated[str, Meta(max_length=4096)] = ""
    approve: bool = False


class TaskList(Request[v.TaskTable], frozen=True, kw_only=True):
    """List the tasks, latest first, and why those that wait do."""

    project: Word | None = None
    before: Name | None = None
    limit: Limit = 50


class TaskShow(Request[v.TaskView], frozen=True, kw_only=True):
    """Show a task with its text, runs and questions."""

    task: Word


class TaskCancel(Request[Done], frozen=True, kw_only=True):
    """Cancel a task; a running one is stopped and what it changed is kept aside."""

    task: Word


class TaskRetry(Request[Done], frozen=True, kw_only=True):
    """Try a failed or cancelled task again."""

    task: Word


class RunList(Request[v.RunTable], frozen=True, kw_only=True):
    """List the runs, latest first."""

    project: Word | None = None
    before: Name | None = None
    limit: Limit = 50


class RunShow(Request[v.RunView], frozen=True, kw_only=True):
    """Show a run: how it ended, its commit, what it left behind."""

    run: Word


class RunLogs(Request[v.LogLine], frozen=True, kw_only=True):
    """Show what a run did; `follow` goes on until it ends.

    `lineage` is the state that the cursor is of, by the daemon's hello, where one goes on.
    """

    run: Word
    cursor: Place = 0
    follow: bool = False
    lineage: Lineage = ""


class RunCancel(Request[Done], frozen=True, kw_only=True):
    """Stop a run and cancel its task; what it changed is kept aside."""

    run: Word


class RunResume(Request[Done], frozen=True, kw_only=True):
    """Go on with the task of a run that failed or was cancelled, in the same session."""

    run: Word


class RunPrune(Request[u.PruneTable], frozen=True, kw_only=True):
    """Delete files of runs that are too old or too much, and what workspaces keep of those.

    It is what the daemon does by itself each hour.
    """


class RunPrunable(Request[u.PruneTable], frozen=True, kw_only=True):
    """Show what `run prune` would delete now; nothing is changed."""


class GateRun(Request[Done], frozen=True, kw_only=True):
    """Try gates of a commit: those named, with all that they need, or all of them.

    Without `commit`, of the latest. The gates are those that the commit itself declares.
    """

    project: Word
    gates: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    commit: Commit = ""


class GatePrepare(Request[Done], frozen=True, kw_only=True):
    """Prepare what gates of a commit need, and try none of them.

    Without `commit`, of the latest. A gate run does so by itself.
    """

    project: Word
    commit: Commit = ""


class GateList(Request[v.GateTable], frozen=True, kw_only=True):
    """List the gate runs that are remembered, latest first."""

    project: Word | None = None
    before: Name | None = None
    limit: Limit = 50


class GateShow(Request[v.GateView], frozen=True, kw_only=True):
    """Show a gate run: its gates and what came of each."""

    run: Word


class GateSeen(Request[Done], frozen=True, kw_only=True):
    """Say that somebody knows that a gate run has not passed: it leaves the inbox."""

    run: Word


class GateLog(Request[v.LogPiece], frozen=True, kw_only=True):
    """Show what a gate of a gate run printed; `follow` goes on until it is over.

    Without `gate` it is what prepared that gate run. `lineage` is as for `run logs`.
    """

    run: Word
    gate: Annotated[str, Meta(max_length=256)] = ""
    cursor: Place = 0
    follow: bool = False
    lineage: Lineage = ""


class GateCancel(Request[Done], frozen=True, kw_only=True):
    """Stop a gate run; gates that have a result keep it."""

    run: Word


class GateAttest(Request[Done], frozen=True, kw_only=True):
    """Say what came of a gate that was tried elsewhere, for the source of a gate run.

    Only of a gate that declares it. `note` says where and how, `tests` how many ran.
    """

    run: Word
    gate: Word
    passed: bool
    note: Annotated[str, Meta(min_length=1, max_length=4096)]
    tests: Place | None = None


class GateWeaker(Request[v.WeakerView], frozen=True, kw_only=True):
    """Show what the gates of a gate run ask less than those that it is to replace.

    Of a project that is the runner itself these are the running release's, else those of the last gate run of all gates that passed.
    """

    run: Word


class GateAccept(Request[Done], frozen=True, kw_only=True):
    """Accept all that `gate weaker` shows, by its digest: with another one nothing is accepted."""

    run: Word
    digest: Word


class Events(Request[v.Happening], frozen=True, kw_only=True):
    """Show what happened, fact by fact, from a cursor on; `follow` goes on for ever.

    `lineage` is the state that the cursor is of, by the daemon's hello, where one goes on.
    """

    since: Place = 0
    project: Word | None = None
    follow: bool = False
    lineage: Lineage = ""


class StateBackup(Request[u.Piece], frozen=True, kw_only=True):
    """Write one archive of a state, while its daemon runs too."""


class BackupReport(Request[Done], frozen=True, kw_only=True):
    """Tell how a regular archive of the state went: why it failed, or nothing.

    A failure waits in the inbox until there is an archive.
    """

    failed: Annotated[str, Meta(max_length=4096)] = ""


class StateUpload(Request[u.Uploaded], frozen=True, kw_only=True):
    """Send a piece of the archive that is to be restored; the first one begins at 0.

    `upload` is a name that the client makes up. One archive is on its way at a time.
    """

    upload: Word
    offset: Place
    data: Annotated[bytes, Meta(max_length=UPLOAD_LIMIT)]


class StateRestore(Request[u.Restored], frozen=True, kw_only=True):
    """Have the state of an archive take the place of the present one.

    It was uploaded whole. The daemon parks its runs, and comes back on what was restored.
    """

    upload: Word
    force: bool = False


class AgentLogin(Request[v.AgentView], frozen=True, kw_only=True):
    """Give an agent the login that its model's provider knows: an API key or a token.

    A `secret` is kept in the state directory for the runs of that agent, and shown to nobody. With
    `path` it is a person's own login, which is read there whenever a run starts. `kind` is told by
    how a secret begins, where it is not given. `expires` is RFC 3339.
    """

    agent: Word = "claude"
    kind: Login | None = None
    secret: Annotated[str, Meta(max_length=LONGEST)] = ""
    path: Annotated[str, Meta(max_length=4096)] = ""
    expires: Annotated[str, Meta(max_length=64)] = ""

    def __repr__(self) -> str:
        """Say nothing that a log must not have."""
        return f"AgentLogin(agent={self.agent!r}, kind={self.kind!r})"


class AgentLogout(Request[v.AgentView], frozen=True, kw_only=True):
    """Delete the login of an agent. A person's own stays where it is."""

    agent: Word = "claude"


class AgentTry(Request[Checkup], frozen=True, kw_only=True):
    """Look at all that an agent needs, and have its program make one short request of its model.

    As a run would: with the daemon's settings and the agent's login. It costs next to nothing.
    """

    agent: Word = "claude"


class AgentShow(Request[v.AgentView], frozen=True, kw_only=True):
    """Show which login an agent has, which program it is, and what keeps it from working."""

    agent: Word = "claude"


class EvidenceWrite(Request[v.EvidenceDraft], frozen=True, kw_only=True):
    """Begin the section of EVIDENCE.md for a commit: what is known, and marked places to complete.

    It is written into the workspace, before the other sections, unless it is there or `printed`.
    """

    project: Word
    commit: Revision = "HEAD"
    base: Revision | None = None
    printed: bool = False


class EvidenceCheck(Request[v.EvidenceView], frozen=True, kw_only=True):
    """Say all that is wrong with the section of EVIDENCE.md for a commit, as a text.

    `uncommitted` looks at the file as it lies in the workspace.
    """

    project: Word
    commit: Revision = "HEAD"
    base: Revision | None = None
    uncommitted: bool = False


class PromotionCheck(Request[v.PromotionPlan], frozen=True, kw_only=True):
    """Show what a promotion would be and all that has to hold for it; nothing is changed.

    Without `project` it is the one that is this runner itself, without `commit` the latest. `approve` is the hash of the
    section of the evidence that would be approved. With `changes`, what is new since the release that runs.
    """

    project: Word | None = None
    commit: Commit = ""
    approve: Seal = ""
    changes: bool = False


class Promote(Request[Done], frozen=True, kw_only=True):
    """Make a gated commit the release that runs, on probation: it comes back unless it proves itself.

    Refused, with all that is missing, unless everything holds. `approve` is the hash of the section of the evidence that
    was read. Asked again while it is under way, it is the same one. With `release` it is the one that the installed package
    brings, which needs neither project nor gates, and is watched in the same way.
    """

    project: Word | None = None
    commit: Commit = ""
    approve: Seal = ""
    probation: Probation = 60
    release: Annotated[str, Meta(max_length=256)] = ""


class Rollback(Request[Done], frozen=True, kw_only=True):
    """Go back to an earlier release: the one that ran before, or the one that is named.

    It is watched as a promotion is. Refused before anything stops where it cannot read today's state.
    """

    release: Annotated[str, Meta(max_length=256)] = ""
    probation: Probation = 60


class Try(Request[Done], frozen=True, kw_only=True):
    """Run what is built of a commit as the environment dev: without gates, and without touching anything of prod.

    Without `project` it is the one that is this runner itself, without `commit` the latest.
    """

    project: Word | None = None
    commit: Commit = ""
    probation: Probation = 10


class PromotionResume(Request[Done], frozen=True, kw_only=True):
    """Go on with a promotion in which root fell silent."""


class PromotionList(Request[v.PromotionTable], frozen=True, kw_only=True):
    """List promotions, rollbacks and tries, latest first."""

    before: Name | None = None
    limit: Limit = 50


class PromotionShow(Request[v.PromotionRow], frozen=True, kw_only=True):
    """Show a promotion: what was asked, how far it has come, and why it came back."""

    promotion: Word


class PromotionSeen(Request[Done], frozen=True, kw_only=True):
    """Say that somebody knows that a promotion has not ended well: it leaves the inbox."""

    promotion: Word


class NotifyTest(Request[v.NotifyTested], frozen=True, kw_only=True):
    """Send a test to where notifications go, and tell what came back.

    It goes the whole way: by the same unit, with the same rules for addresses.
    """


class Command(Struct, frozen=True, kw_only=True):
    """One row: what is asked, what comes back, who may. `stream` replies come one by one.

    What `changes` is recorded, with the identifier of its request. What `acts` does something to
    the daemon itself, or has it record facts of its own; to ask it again does no harm. Who `waits`
    is answered when the disk was looked at, others meanwhile.
    """

    request: type[Request[Any]]
    reply: type[Struct]
    access: Access
    changes: bool = False
    acts: bool = False
    waits: bool = False
    stream: bool = False

    @property
    def only_looks(self) -> bool:
        """Whether asking makes no difference."""
        return not (self.changes or self.acts)

    @property
    def name(self) -> str:
        """The words that a person types: `project add`."""
        return command_name(self.request.__name__)

    @property
    def summary(self) -> str:
        """One sentence of help."""
        return (self.request.__doc__ or "").partition("\n")[0]


def _reads(request: type[Request[Any]], reply: type[Struct]) -> Command:
    return Command(request=request, reply=reply, access=Access.READ)


def _changes(
    request: type[Request[Any]], reply: type[Struct], access: Access = Access.OPERATE
) -> Command:
    return Command(request=request, reply=reply, access=access, changes=True)


def _streams(
    request: type[Request[Any]], reply: type[Struct], access: Access = Access.READ
) -> Command:
    return Command(request=request, reply=reply, access=access, stream=True)


def _acts(
    request: type[Request[Any]], reply: type[Struct], access: Access = Access.ADMIN
) -> Command:
    return Command(request=request, reply=reply, access=access, acts=True, waits=True)


def _measures(request: type[Request[Any]], reply: type[Struct]) -> Command:
    return Command(request=request, reply=reply, access=Access.READ, waits=True)


COMMANDS: Final = (
    _reads(Status, v.Overview),
    _reads(Doctor, Checkup),
    _changes(Stop, Done),  # Whoever may send work may also stop it.
    _acts(Restart, Done, Access.OPERATE),
    _acts(Reload, u.Reloaded, Access.OPERATE),
    _changes(Drain, Done),
    _changes(ProjectAdd, Project),
    _reads(ProjectList, v.ProjectTable),
    _reads(ProjectShow, v.ProjectView),
    _changes(ProjectSet, Project),
    _changes(ProjectRemove, Done),
    _changes(ChatSend, Done),
    _reads(ChatHistory, v.Conversation),
    _streams(ChatFollow, v.Entry),
    _reads(Inbox, v.InboxTable),
    _changes(Answer, Decided),
    _reads(PlanList, v.PlanTable),
    _reads(PlanShow, v.PlanView),
    _changes(PlanApprove, Done),
    _changes(PlanReject, Done),
    _changes(PlanEdit, Done),
    _reads(TaskList, v.TaskTable),
    _reads(TaskShow, v.TaskView),
    _changes(TaskCancel, Done),
    _changes(TaskRetry, Done),
    _reads(RunList, v.RunTable),
    _reads(RunShow, v.RunView),
    _streams(RunLogs, v.LogLine),
    _changes(RunCancel, Done),
    _changes(RunResume, Done),
    _acts(RunPrune, u.PruneTable, Access.OPERATE),
    _measures(RunPrunable, u.PruneTable),
    _changes(GateRun, Done),
    _changes(GatePrepare, Done),
    _reads(GateList, v.GateTable),
    _reads(GateShow, v.GateView),
    _streams(GateLog, v.LogPiece),
    _changes(GateSeen, Done),
    _changes(GateCancel, Done),
    _changes(GateAttest, Done, Access.ADMIN),
    _measures(GateWeaker, v.WeakerView),
    _acts(GateAccept, Done),
    _streams(Events, v.Happening),
    _streams(StateBackup, u.Piece, Access.ADMIN),
    _changes(BackupReport, Done, Access.ADMIN),
    _acts(StateUpload, u.Uploaded),
    _acts(StateRestore, u.Restored),
    _measures(AgentShow, v.AgentView),
    _acts(AgentTry, Checkup, Access.OPERATE),
    _acts(AgentLogin, v.AgentView),
    _acts(AgentLogout, v.AgentView),
    _acts(EvidenceWrite, v.EvidenceDraft, Access.OPERATE),
    _measures(EvidenceCheck, v.EvidenceView),
    _acts(NotifyTest, v.NotifyTested, Access.OPERATE),
    _measures(PromotionCheck, v.PromotionPlan),
    _acts(Promote, Done),
    _acts(Rollback, Done),
    _acts(Try, Done),
    _acts(PromotionResume, Done),
    _reads(PromotionList, v.PromotionTable),
    _reads(PromotionShow, v.PromotionRow),
    _changes(PromotionSeen, Done),
)

BY_REQUEST: Final = {command.request: command for command in COMMANDS}
BY_NAME: Final = {command.name: command for command in COMMANDS}

AnyRequest: Final[Any] = reduce(or_, (command.request for command in COMMANDS))


def schema(**others: Any) -> dict[str, Any]:
    """Return the JSON schema of every request, reply, fact and progress line.

    `others` are types by name: formats of rooms that this one does not know.
    """
    from pmrunnerd.model.events import AnyEvent  # noqa: PLC0415 - only the schema needs it

    types = [t for c in COMMANDS for t in (c.request, c.reply)]
    named = {"Fact": AnyEvent, "RunReport": AnyProgress, **others}
    schemas, components = msgspec.json.schema_components(
        [*named.values(), *types], ref_template="#/$defs/{name}"
    )
    components |= dict(zip(named, schemas, strict=False))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": components}
