"""Moving a release into an environment: what the daemon asks of root, and what root writes down of it.

Two files, each of one side. An order is the daemon's: `/var/lib/pm-runner/requests/prod/ENV.json`, written whole, one at
a time for each environment. Steps are root's: `/var/lib/pm-runner/promote/ENV/ID/steps.jsonl`, a line for each, durable
before the step is taken, for everybody to read. Times are POSIX seconds, digests SHA-256 in hexadecimal.
"""

from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

FORMAT: Final = 1
REQUESTS: Final = "var/lib/pm-runner/requests"
RECORDS: Final = "var/lib/pm-runner/promote"
STEPS: Final = "steps.jsonl"


class Deed(StrEnum):
    """What is to become of a release: it is proved and put on trial, gone back to, or only tried.

    An upgrade is to the release that the installed package brings: whoever installs that has decided for it.
    """

    PROMOTE = "promote"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    TRY = "try"


class Order(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the daemon asks of root. Root looks at all of it itself, and believes only who approved.

    `environment` is whose `dist` it is about; the daemon of prod asks, for dev too (`TRY`). `record` are the bytes of the
    gate run's record, `section` those of the evidence's section; neither is there for a rollback or a try. `weaker` is
    the digest of what is weaker than before, `weaker_by` who accepted it. `probation` is seconds.
    """

    id: str
    deed: Deed
    environment: str
    release: str
    by: str
    asked: int
    project: str = ""
    commit: str = ""
    git_tree: str = ""
    record: bytes = b""
    section: bytes = b""
    approved_by: str = ""
    approved_at: int = 0
    weaker: str = ""
    weaker_by: str = ""
    probation: float = 60.0
    unconfined: bool = False
    format: int = FORMAT


class Step(StrEnum):
    """How far root has come. From `OPENED` to one of the last four there is something to undo."""

    BEGUN = "begun"
    SIGNED = "signed"
    REHEARSED = "rehearsed"
    OPENED = "opened"
    SWITCHED = "switched"
    RESTARTED = "restarted"
    HEALTHY = "healthy"
    RETURNING = "returning"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing comes after it."""
        return self in {Step.CONFIRMED, Step.RETURNED, Step.REFUSED, Step.FAILED}


class Stepped(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A line of `steps.jsonl`: which step, when, and what can be said of it (why, where it did not go on).

    `release` is one that was well here, by that step: what ran before a trial, what was confirmed or returned to.
    """

    step: Step
    at: float
    why: str = ""
    release: str = ""


class Ending(IntEnum):
    """The exit statuses of whoever promotes: root's unit, and `pmrunnerctl promote --wait`."""

    DONE = 0
    REFUSED = 10
    RETURNED = 20
    FAILED = 30
    BUSY = 40


ENDS: Final = {
    Step.CONFIRMED: Ending.DONE,
    Step.REFUSED: Ending.REFUSED,
    Step.RETURNED: Ending.RETURNED,
    Step.FAILED: Ending.FAILED,
}
