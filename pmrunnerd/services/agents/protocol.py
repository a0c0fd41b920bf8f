"""What every agent is to the run host: something that works on a job, reports, and ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.model.spec import Spec
from pmrunnerd.services.cell import Cell
from pmrunnerd.services.child import Usage
from pmrunnerd.services.restoring import Restored


class Verdict(Struct, frozen=True, kw_only=True):
    """How an agent's work ended, before its workspace is settled."""

    outcome: Outcome
    reason: str = ""
    status: int | None = None


class Job(Struct, frozen=True, kw_only=True):
    """What an agent works on: the spec, where to start commands, and what they are to inherit.

    It began at commit `head`; `restored` is what is there again of an earlier run.
    `directory` is the run's `agent` directory, which commands see as `cell.inside("")`, read-only.
    `secret` are variables by which an agent's program is known to its service; no command gets them.
    """

    spec: Spec
    cell: Cell
    directory: Path
    environment: Mapping[str, str]
    head: str = ""
    restored: Restored | None = None
    secret: Mapping[str, str] = {}


class Report(Protocol):
    """Who listens to an agent. What it hears is recorded at once; raises OSError where it cannot."""

    def output(self, stream: str, text: str) -> None:
        """Take something that was printed on a stream."""

    def tell(self, progress: AnyProgress) -> None:
        """Take what the agent said, or did, in our words; `at` is not looked at."""

    def asked(self, text: str, options: tuple[str, ...]) -> None:
        """Take a question. The agent ends its work after it."""

    def used(self, usage: Usage) -> None:
        """Take what the agent's processes used."""


class Agent(Protocol):
    """A way to get work done. `replays`: a run begins anew with the answers that are known by then.

    One that does not replay resumes its own session. One that `plans` makes a plan of a message by
    a run of kind `planning`, which reports what it proposes. `needs_login`: a provider must know it.
    """

    name: str
    replays: bool
    plans: bool
    needs_login: bool

    async def work(self, job: Job, report: Report) -> Verdict:
        """Do the job. No process of it is left when this returns, raises, or is cancelled."""
