"""What the daemon wants done where it may not go itself, and what comes back.

Each errand names the answer that it has; both are written as JSON where somebody else does the
errand, and are formats under the rules of `model.events`. No errand has a secret in it.
"""

from functools import reduce
from operator import or_
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct, field

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.evidence import Account, Found
from pmrunnerd.model.logins import Login
from pmrunnerd.model.naming import kebab
from pmrunnerd.model.source import Wanted
from pmrunnerd.model.views import UNCONFINED


class Answer(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="answer",
    tag=kebab,
):
    """What came of an errand; what is unknown in it is skipped."""


A = TypeVar("A", bound=Answer)


class Errand(
    Struct,
    Generic[A],
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="errand",
    tag=kebab,
):
    """Something to be done once, now; whoever does it twice has done it once.

    Paths are absolute. `hidden` is what nothing that is started may see; `unconfined` accepts that
    it has no walls where none can stand.
    """


class Done(Answer, frozen=True, kw_only=True):
    """It is done, and there is nothing to tell."""


class Failed(Answer, frozen=True, kw_only=True):
    """It could not be done: the error as it would have been raised; `code` is one of `Code`."""

    code: str
    message: str
    hint: str = ""


class Inspected(Answer, frozen=True, kw_only=True):
    """What was found in a place: its resolved path, and what speaks against it, if anything does.

    `missing` where there is nothing at all, because somebody mistyped it.
    """

    path: str
    problem: str = ""
    hint: str = ""
    missing: bool = False


class Confinement(Answer, frozen=True, kw_only=True):
    """Whether agents can be confined, or the reason and a hint why not; or nobody knows yet.

    `doors` are web doors, as addresses, at which the user of runs was let in.
    """

    ok: bool
    reason: str = ""
    hint: str = ""
    known: bool = True
    doors: tuple[str, ...] = ()

    def shown(self, *, unconfined: bool) -> str:
        """Return how agents run, as every page shows it."""
        if self.ok and self.doors:
            return f"bubblewrap, but they can come to the web door at {', '.join(self.doors)}"
        if self.ok:
            return "bubblewrap"
        if not self.known:
            return f"not known yet: {self.reason}"
        return UNCONFINED if unconfined else f"none: {self.reason}; runs are refused"


class SetAside(Answer, frozen=True, kw_only=True):
    """Where in a workspace all is that had to leave its place; empty where nothing had to."""

    where: str = ""


class LetGone(Answer, frozen=True, kw_only=True):
    """Of which runs something stays, and why."""

    stays: dict[str, str] = field(default_factory=dict)


class Emptied(Answer, frozen=True, kw_only=True):
    """Whether all of it is gone; False where there was enough before."""

    all: bool = True


class Footprint(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One directory: bytes really on the disk, and when something of it last changed (POSIX)."""

    run: str
    size: int
    changed: float


class Surveyed(Answer, frozen=True, kw_only=True):
    """What lies in a directory of runs: directories by name, and the names of whatever is none.

    `measured` are those that were to be; `skipped` those that were not. `in_trees` are the runs as
    which workspaces were left, and the projects of workspaces that cannot say.
    """

    measured: tuple[Footprint, ...] = ()
    skipped: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    in_trees: tuple[str, ...] = ()


class Shown(Answer, frozen=True, kw_only=True):
    """A login as it is kept, without what is secret, and the agent's program; see `AgentView`."""

    login: str = ""
    since: str = ""
    by: str = ""
    expires: str = ""
    path: str = ""
    problem: str = ""
    hint: str = ""
    program: str = ""
    version: str = ""
    tested: str = ""


class Tried(Answer, frozen=True, kw_only=True):
    """What an agent needs, line by line."""

    checks: tuple[Check, ...]


class Resolved(Answer, frozen=True, kw_only=True):
    """The full id of a commit."""

    commit: str


class Recounted(Answer, frozen=True, kw_only=True):
    """What a repository says of a content, and the file in which somebody says the rest."""

    account: Account
    found: Found


class Audited(Answer, frozen=True, kw_only=True):
    """What of a workspace no commit has: `files`, and files that git was told not to look at (`hidden`).

    `branch` is empty where HEAD is none, `head` where there is no commit. `half_done` is what git has begun, such as a
    merge; `unknown` says what could not be looked at.
    """

    branch: str = ""
    head: str = ""
    files: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    half_done: str = ""
    shallow: bool = False
    unknown: tuple[str, ...] = ()


class Confine(Errand[Confinement], frozen=True, kw_only=True):
    """Start a sandbox, and see whether that works; and whether one reaches `doors` from where runs are."""

    doors: tuple[str, ...] = ()


class Examine(Errand[Inspected], frozen=True, kw_only=True):
    """Tell whether a directory can be a project.

    Where runs are units of systemd, `unit` is the one whose drop-ins say where they may work, and
    `environment` whose they are.
    """

    path: str
    unit: str = ""
    environment: str = ""
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class Probe(Errand[Inspected], frozen=True, kw_only=True):
    """Tell whether a run could begin in a workspace as it is; `runs` are where runs are known."""

    path: str
    runs: str = ""
    unconfined: bool = False


class Audit(Errand[Audited], frozen=True, kw_only=True):
    """Tell whether all of a workspace is committed."""

    path: str
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class MakeSafe(Errand[SetAside], frozen=True, kw_only=True):
    """Take out of a workspace what git would enter, of a run that died; it began `since` (POSIX)."""

    workspace: str
    run: str
    since: float
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class LetGo(Errand[LetGone], frozen=True, kw_only=True):
    """Delete the references that keep what some runs left in a workspace."""

    workspace: str
    runs: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class Dispose(Errand[Emptied], frozen=True, kw_only=True):
    """Delete what is in the directory of a run below a directory."""

    directory: str
    run: str


class Survey(Errand[Surveyed], frozen=True, kw_only=True):
    """Measure every directory in a directory but some; look which runs workspaces were left as.

    `workspaces` are paths, each by its project.
    """

    directory: str
    skip: tuple[str, ...] = ()
    workspaces: dict[str, str] = field(default_factory=dict)


class KeepLogin(Errand[Done], frozen=True, kw_only=True):
    """Keep a login of an agent in `place`, instead of the one before; its secret comes beside it.

    Refused where it is no good `at` that time (RFC 3339), by what it says itself.
    """

    place: str
    agent: str
    login: Login
    path: str = ""
    at: str = ""
    by: str = ""
    expires: str = ""


class DropLogin(Errand[Done], frozen=True, kw_only=True):
    """Delete the login of an agent from `place`, if one is there."""

    place: str
    agent: str


class ShowLogin(Errand[Shown], frozen=True, kw_only=True):
    """Look at the login of an agent in `place`, and at its program, which may be `named`."""

    place: str
    agent: str
    at: str
    named: str = ""


class Trial(Errand[Tried], frozen=True, kw_only=True):
    """Look at all that an agent needs, and have it make one request, as a run would."""

    place: str
    named: str = ""
    model: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


class Resolve(Errand[Resolved], frozen=True, kw_only=True):
    """Tell which commit of a workspace a branch, a tag or the beginning of an id stands for."""

    workspace: str
    name: str
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class Bring(Errand[Done], frozen=True, kw_only=True):
    """Write what is wanted of a workspace's commit into the errand's cargo, a file beside it.

    `base` is the commit that it is compared with, where two are. Nothing of the cargo is believed
    that the ids of the commits do not prove.
    """

    workspace: str
    wanted: Wanted
    commit: str
    base: str = ""
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class Recount(Errand[Recounted], frozen=True, kw_only=True):
    """Look at the content of a commit, and at the file of evidence that it has.

    The file is the one that lies in the workspace where it may be `uncommitted`. `base` is what the
    commit is compared with, where somebody says so, `source` the digest that its source has.
    """

    path: str
    commit: str
    source: str = ""
    base: str = ""
    uncommitted: bool = False
    hidden: tuple[str, ...] = ()
    unconfined: bool = False


class WriteEvidence(Errand[Done], frozen=True, kw_only=True):
    """Have a text take the place of the file of evidence in a workspace, of `before`'s SHA-256.

    `before` is empty where there was none.
    """

    path: str
    text: str
    before: str = ""


class Nest(Errand[Done], frozen=True, kw_only=True):
    """Have a workspace in a place that nobody else uses, with one commit and nothing in it; or have it `gone`."""

    path: str
    gone: bool = False


ERRANDS: Final[tuple[type[Errand[Any]], ...]] = (
    *(Confine, Examine, Probe, MakeSafe, LetGo, Dispose, Survey),
    *(KeepLogin, DropLogin, ShowLogin, Trial),
    *(Resolve, Bring, Recount, WriteEvidence, Audit, Nest),
)
ANSWERS: Final[tuple[type[Answer], ...]] = (
    *(Done, Failed, Inspected, Confinement, SetAside, LetGone, Emptied, Surveyed, Shown, Tried),
    *(Resolved, Recounted, Audited),
)
AnyErrand: Final[Any] = reduce(or_, ERRANDS)
AnyAnswer: Final[Any] = reduce(or_, ANSWERS)


def answer_of(errand: type[Errand[Any]]) -> type[Answer]:
    """Return the kind of answer that a kind of errand has."""
    (base,) = errand.__orig_bases__  # type: ignore[attr-defined]
    answer: type[Answer] = base.__args__[0]
    return answer


def word(errand: Errand[Any]) -> str:
    """Return what an errand is, as one word of small letters, such as `letgo`."""
    return type(errand).__name__.lower()
