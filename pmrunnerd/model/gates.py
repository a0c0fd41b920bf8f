"""What has to hold of a commit before it is promoted, and what was found.

Digests are SHA-256, in hexadecimal. Times are POSIX seconds, durations seconds, sizes bytes.
"""

from enum import StrEnum

from msgspec import Struct


class Where(StrEnum):
    """Where a gate is tried: in a unit, as root of a throw-away machine, or elsewhere by somebody."""

    UNIT = "unit"
    HOST = "host"
    ATTESTED = "attested"


NO_TESTS = "none"


class Gate(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of a project's gates, as the commit that it judges declares it.

    `command` is run by `bash -euo pipefail -c` at the top of a copy of the source. `needs` are other gates, which must have
    passed. `inputs` are globs of the source's paths: with none it is all of the source. `tests` is
    the path of a JUnit file that the command writes, or `NO_TESTS`.
    """

    name: str
    command: str
    needs: tuple[str, ...] = ()
    timeout: float = 600.0
    inputs: tuple[str, ...] = ()
    tests: str = NO_TESTS
    network: bool = False
    runs: Where = Where.UNIT


class Preparation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What installs what gates need, once for each content of its inputs; the only one that may fetch."""

    command: str
    inputs: tuple[str, ...] = ()
    timeout: float = 1800.0


class GateSet(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """All gates of a commit, in the order of their declaration, and the file that declares them."""

    gates: tuple[Gate, ...]
    source: str
    prepare: Preparation | None = None


class Verdict(StrEnum):
    """What came of a gate; only the first is good."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    KILLED = "killed"
    CANNOT_START = "cannot-start"
    NO_TESTS = "no-tests"
    ALTERED = "altered"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Counted(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How many tests a JUnit file tells of; those that were skipped are in none of the others."""

    ran: int
    failed: int = 0
    skipped: int = 0


class GateResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What came of one gate for one content; `status` is the service manager's, never the gate's own word.

    `definition` is the digest of the gate's own definition, `inputs` that of what it may depend on, `preparation` that of
    what was installed for it. `answered_by` names the earlier gate run whose result this is, `signed_by` the person who
    attested it.
    """

    gate: str
    verdict: Verdict
    definition: str
    inputs: str
    started: float
    seconds: float
    status: int | None = None
    why: str = ""
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    tests: Counted | None = None
    log: str = ""
    log_bytes: int = 0
    answered_by: str = ""
    signed_by: str = ""
    preparation: str = ""


class GateRun(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One time that gates of a commit were tried: on which content, by which definitions, with what result."""

    id: str
    project: str
    commit: str
    source: str
    definitions: str
    gates: GateSet
    wanted: tuple[str, ...]
    started: float
    build: str = ""
    results: tuple[GateResult, ...] = ()
    ended: float | None = None


class GateRecord(GateRun, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A gate run as facts and views have it: the same, under a name that no request has in the schema."""


class Difference(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing of a set of gates that is weaker than it was: of which gate, in words, and from what to what."""

    gate: str
    words: str
    before: str = ""
    now: str = ""


class Differences(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """All that is weaker. A person accepts it by its digest, and with another one nothing else."""

    digest: str
    found: tuple[Difference, ...] = ()


class GatingState(StrEnum):
    """Where a gate run stands; `rules.transitions.GATING` says how it moves."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    ENDED = "ENDED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing of it goes on."""
        return self not in {GatingState.QUEUED, GatingState.RUNNING}


class Gating(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A gate run from being asked for to its end; `record` is what was found, once it has begun.

    `commit` is what was asked for, empty for the latest, `names` those gates, none for all. `under_way` are gates that
    were started and have not ended, `cancelling` is who wants it stopped, `at` when it came to where it is. One that is
    `preparing` tries no gate. `seen` is who knows that it has not passed.
    """

    id: str
    project: str
    state: GatingState
    commit: str = ""
    names: tuple[str, ...] = ()
    by: str = ""
    asked: str = ""
    at: str = ""
    record: GateRecord | None = None
    under_way: tuple[str, ...] = ()
    cancelling: str = ""
    reason: str = ""
    preparing: bool = False
    seen: str = ""


class Acceptance(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """That a person accepted all differences of one digest, for one project."""

    id: str
    project: str
    found: tuple[Difference, ...]
    by: str
    at: str
