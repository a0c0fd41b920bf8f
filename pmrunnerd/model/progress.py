"""What a run host is told, and what it says: the only things that cross that seam.

In goes a `Spec`, once, as JSON. Out comes a file of `Progress`, one JSON object a line; a cursor
is a count of bytes of that file. Both are formats of their own under the rules of `model.events`.
"""

from msgspec import Struct, field

from pmrunnerd.model.entities import Entity, Outcome, TaskKind
from pmrunnerd.model.naming import kebab
from pmrunnerd.model.questions import Kind


class Answered(Entity, frozen=True, kw_only=True):
    """A question of an earlier `run` of the same task and what a person answered.

    It is `news` until a run has told its session.
    """

    question: str
    options: tuple[str, ...] = ()
    answer: str
    kind: Kind = Kind.AGENT
    run: str = ""
    news: bool = False


class Limits(Entity, frozen=True, kw_only=True):
    """Seconds a run may take in all, and may stay silent."""

    total: float
    silence: float


class Needed(Entity, frozen=True, kw_only=True):
    """A task that was to be complete before this one, and what its run said of its result."""

    name: str
    title: str
    result: str = ""
    commit: str = ""


class Budget(Entity, frozen=True, kw_only=True):
    """A limit of cost, in US dollars, of a `run`, `task`, `plan` or `day`; `used` is gone already.

    Of that, `reserved` is what runs that are under way may take. `most` is what one run may have of
    what is left, where that is less. `about` is what a question calls it.
    """

    scope: str
    limit: float
    used: float = 0.0
    reserved: float = 0.0
    most: float | None = None
    about: str = ""

    @property
    def left(self) -> float:
        """What is left of it."""
        left = max(0.0, self.limit - self.used)
        return left if self.most is None else min(left, self.most)


class Means(Entity, frozen=True, kw_only=True):
    """What an agent with a model may use; what is empty or 0 is the agent's own choice, or no limit.

    `cli` is its program, or the words of a shell that start it, `environment` are more variables for
    that, `shown` are paths that its sandbox shows beside those of all, with `:` between. `turns` are the model's, in one
    run; `spent` is what the session has cost before it, in US dollars, and `budget` what limits what
    it may cost. `rounds` is how often the work is sent back to it by what was found.
    """

    cli: str = ""
    model: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    turns: int = 0
    budget: Budget | None = None
    spent: float = 0.0
    rounds: int = 2
    shown: str = ""


class Spec(Entity, frozen=True, kw_only=True):
    """Everything that one run needs to know. `trailers` end up in its commit, in this order.

    `earlier` are the runs of the same task before this one: what they left behind is recognised
    by these names. `perhaps_finished` are those of them that can have committed their work and not
    have said so, `interrupted` those that died or were stopped. `answers` are in the order in which
    they were asked.
    `resumes` is the reference of what the runs before this one left, for an agent that goes on with
    it. `objections` are what a person, or a rule, had against what the session proposed before.
    """

    environment: str
    run: str
    task: str
    project: str
    agent: str
    title: str
    text: str
    workspace: str
    limits: Limits
    session: str = ""
    attempt: int = 1
    earlier: tuple[str, ...] = ()
    interrupted: tuple[str, ...] = ()
    perhaps_finished: tuple[str, ...] = ()
    answers: tuple[Answered, ...] = ()
    resumes: str = ""
    kind: TaskKind = TaskKind.WORK
    bootstrap: str = ""
    plan: str = ""
    needed: tuple[Needed, ...] = ()
    files: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    means: Means = Means()
    trailers: tuple[tuple[str, str], ...] = ()
    unconfined: bool = False


class Progress(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="event",
    tag=kebab,
):
    """Base of what a run host reports. `at` is its own clock, for people to read."""

    at: str


class Began(Progress, frozen=True, kw_only=True):
    """The run host holds the workspace, clean at commit `head`, and starts the agent."""

    head: str
    confined: bool
    pid: int


class PutBack(Progress, frozen=True, kw_only=True):
    """What the task's runs had left as `ref` is `there` again, or could not be put back."""

    ref: str
    there: bool


class Told(Progress, frozen=True, kw_only=True):
    """The agent's session knows all that is news to it, and goes on from there."""


class Output(Progress, frozen=True, kw_only=True):
    r"""Something the agent's process printed. Bytes that are no UTF-8 appear as `\xNN`."""

    stream: str
    text: str


class Said(Progress, frozen=True, kw_only=True):
    """Something that an agent said to whoever reads. `thought` is what it said to itself."""

    text: str
    thought: bool = False


class Used(Progress, frozen=True, kw_only=True):
    """A tool that an agent used: on what, and how that ended, both short."""

    tool: str
    target: str = ""
    result: str = ""
    failed: bool = False


class Changed(Progress, frozen=True, kw_only=True):
    """A file that an agent changed by a tool of its own, and by how many lines."""

    path: str
    added: int = 0
    removed: int = 0


class Charged(Progress, frozen=True, kw_only=True):
    """What the run has cost so far, in US dollars, and how many turns of the model it took."""

    dollars: float
    turns: int = 0


class ProposedTask(Entity, frozen=True, kw_only=True):
    """One task as a planner proposes it; `needs` are names of others of its proposal."""

    name: str
    text: str
    title: str = ""
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    risk: str = ""


class Proposed(Progress, frozen=True, kw_only=True):
    """A planner's plan, before the rules have looked at it."""

    title: str
    tasks: tuple[ProposedTask, ...]


class Found(Progress, frozen=True, kw_only=True):
    """What was found to be wrong with the work of an agent that said it was done."""

    findings: tuple[str, ...]


class Concluded(Progress, frozen=True, kw_only=True):
    """What an agent said of its own result, once nothing was found to be wrong with it."""

    text: str


class Limited(Progress, frozen=True, kw_only=True):
    """The model's provider takes no more for now. `until` is RFC 3339; empty is not known.

    `kind` is `rate`, `overload`, or `login` where it does not know us (any more).
    """

    kind: str
    reason: str
    until: str = ""


class Other(Progress, frozen=True, kw_only=True):
    """Something that an agent's program reported and we have no word for, as it came."""

    kind: str
    data: str = ""


class Asked(Progress, frozen=True, kw_only=True):
    """The agent asked, or the run host itself; the run ends after it.

    `details` say more of each of the options, where there are any; `multiple` of them can be the
    answer. `about` is the budget that it is about.
    """

    text: str
    options: tuple[str, ...] = ()
    kind: Kind = Kind.AGENT
    details: tuple[str, ...] = ()
    multiple: bool = False
    about: str = ""


class Committed(Progress, frozen=True, kw_only=True):
    """What the run changed is commit `commit` on the workspace's branch."""

    commit: str
    subject: str
    files: int


class Kept(Progress, frozen=True, kw_only=True):
    """What the run left behind is reachable as `ref`; the tree went back to where it began.

    `aside` is the directory, below the workspace, of repositories that it had made there.
    """

    ref: str
    files: int
    aside: str = ""


class PutAway(Progress, frozen=True, kw_only=True):
    """What an earlier run, which died, left behind is reachable as `ref` before this one begins."""

    run: str
    ref: str
    files: int
    aside: str = ""


class Finished(Progress, frozen=True, kw_only=True):
    """The last line: how it ended. No process of the agent is left when it is written."""

    outcome: Outcome
    reason: str = ""
    status: int | None = None
    peak_memory: int | None = None
    cpu_seconds: float | None = None


AnyProgress = (
    Began
    | PutBack
    | Told
    | Output
    | Said
    | Used
    | Changed
    | Charged
    | Proposed
    | Found
    | Concluded
    | Limited
    | Other
    | Asked
    | Committed
    | Kept
    | PutAway
    | Finished
)
