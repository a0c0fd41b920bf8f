"""What a run host says: the file of `Progress` that it writes, one JSON object a line.

A cursor is a count of bytes of that file. It is a format of its own under the rules of
`model.events`. Beside what a run host is told (`model.spec`) nothing else crosses that seam.
"""

from typing import Annotated

from msgspec import Meta, Struct

from pmrunnerd.model.entities import Entity, Outcome, Purpose
from pmrunnerd.model.naming import kebab
from pmrunnerd.model.questions import Kind


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


class Served(Progress, frozen=True, kw_only=True):
    """The agent's model answered: its provider takes what this run asks for."""


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

    dollars: Annotated[float, Meta(ge=0, le=1_000_000)]
    turns: int = 0


class ProposedTask(Entity, frozen=True, kw_only=True):
    """One task as a planner proposes it; `needs` are names of others of its proposal."""

    name: str
    text: str
    title: str = ""
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    risk: str = ""
    purpose: Purpose | None = None


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

    `kind` is `rate`, `overload`, `balance` where the account has no credit, `way` where something
    before the provider refuses us, or `login` where it does not know us (any more).
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
    answer. `about` is the budget, or the uses of a tool, that it is about. By `key` whoever asked
    finds the answer again.
    """

    text: str
    options: tuple[str, ...] = ()
    kind: Kind = Kind.AGENT
    details: tuple[str, ...] = ()
    multiple: bool = False
    about: str = ""
    key: str = ""


class Committed(Progress, frozen=True, kw_only=True):
    """What the run changed is commit `commit` on the workspace's branch."""

    commit: str
    subject: str
    files: int


class Kept(Progress, frozen=True, kw_only=True):
    """What the run left behind is reachable as `ref`; the tree went back to where it began.

    `aside` is the directory, below the workspace, of repositories that it had made there. `also` are
    further references that keep something of it; of one in a submodule, `REF in PATH`.
    """

    ref: str
    files: int
    aside: str = ""
    also: tuple[str, ...] = ()


class PutAway(Progress, frozen=True, kw_only=True):
    """What an earlier run, which died, left behind is reachable as `ref` before this one begins."""

    run: str
    ref: str
    files: int
    aside: str = ""
    also: tuple[str, ...] = ()


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
    | Served
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
