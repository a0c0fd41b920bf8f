"""All that was found of a commit that is to be promoted, and of the releases that there are, before anybody judges it."""

from msgspec import Struct

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errand import Audited
from pmrunnerd.model.gates import GateRecord
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.views import EvidenceView, WeakerView


class Looked(Struct, frozen=True, kw_only=True):
    """What was found. A `*_why` says what kept us from looking.

    `named` is the commit as somebody called it, `record` the gate run that speaks for its source, `going` one that may
    soon. `running` is the release that runs, `level` that of the state, `soabi` of this Python. `on_trial` is what is,
    by the package's own record.
    """

    environment: str
    project: Project
    named: str = ""
    commit: str = ""
    commit_why: str = ""
    git_tree: str = ""
    source: str = ""
    workspace: Audited = Audited(unknown=("nobody looked",))
    record: GateRecord | None = None
    going: str = ""
    weaker: WeakerView | None = None
    weaker_why: str = ""
    evidence: EvidenceView | None = None
    evidence_why: str = ""
    section: str = ""
    releases: tuple[ReleaseRow, ...] = ()
    running: str = ""
    level: int = 1
    soabi: str = ""
    on_trial: str = ""

    @property
    def release(self) -> ReleaseRow | None:
        """The release whose very tree the gates were given; the latest, where two have it."""
        record = self.record
        if record is None or not record.build:
            return None
        fitting = (one for one in reversed(self.releases) if one.tree == record.build)
        return next(fitting, None)


class Shelved(Struct, frozen=True, kw_only=True):
    """The releases of an environment, the oldest first; what it runs, what it would go back to, what is on trial.

    `soabi` is that of this Python, `level` that of the state, `package` the digest of the source that the package brings.
    """

    environment: str
    releases: tuple[ReleaseRow, ...] = ()
    running: str = ""
    previous: str = ""
    package: str = ""
    on_trial: str = ""
    soabi: str = ""
    level: int = 1
