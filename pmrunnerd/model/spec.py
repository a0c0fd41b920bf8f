"""What a run host is told: a `Spec`, once, as JSON; a format under the rules of `model.events`."""

from msgspec import field

from pmrunnerd.model.entities import Entity, Purpose, TaskKind
from pmrunnerd.model.questions import Kind


class Answered(Entity, frozen=True, kw_only=True):
    """A question of an earlier `run` of the same task and what a person answered.

    It is `news` until a run has told its session. `about` and `key` as it was asked (`Asked`).
    """

    question: str
    options: tuple[str, ...] = ()
    answer: str
    kind: Kind = Kind.AGENT
    run: str = ""
    news: bool = False
    about: str = ""
    key: str = ""


class Limits(Entity, frozen=True, kw_only=True):
    """Seconds a run may take in all, may stay silent, and has to put things in order once it is told to stop."""

    total: float
    silence: float
    # Half of what a run host is given to leave (services/host: GRACE).
    haste: float = 5.0


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
    `logins` is where those of agents are, if not in the state.
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
    purpose: Purpose | None = None
    objections: tuple[str, ...] = ()
    means: Means = Means()
    trailers: tuple[tuple[str, str], ...] = ()
    unconfined: bool = False
    logins: str = ""
