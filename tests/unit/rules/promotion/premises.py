"""A commit of which everything holds, so that a test can take one thing away."""

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errand import Audited
from pmrunnerd.model.gates import Counted, Differences, GateRecord, GateSet
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.state import State
from pmrunnerd.model.views import EvidenceView, WeakerView
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.promotion.looked import Looked, Shelved
from tests.unit.rules.gates import tries

AT = tries.AT
COMMIT, SOURCE, TREE, SEAL = "c" * 40, "5" * 64, "7" * 64, "e" * 64
SOABI = "cpython-311-x86_64-linux-gnu"
PROJECT = Project(id="w1", alias="runner", path="/opt/dev", project_type=ProjectType.RUNNER_DEV)
SET = GateSet(gates=(tries.LINT, tries.UNIT), source="pyproject.toml")
GOOD = (tries.result("lint"), tries.result("unit", tests=Counted(ran=40)))
RECORD: GateRecord = replace(
    tries.RECORD, gates=SET, wanted=("lint", "unit"), build=TREE, results=GOOD, ended=1100.0
)


def release(name: str = "1.1-" + "b" * 12, **others: object) -> ReleaseRow:
    row = ReleaseRow(
        id=name,
        version="1.1",
        source=SOURCE,
        python="3.11",
        soabi=SOABI,
        tree=TREE,
        level=1,
        built_by="build",
        built_at="",
        is_dist=False,
        is_previous=False,
        is_signed=False,
    )
    return replace(row, **others)


OLD = release("1.0-" + "a" * 12, source="0" * 64, tree="0" * 64)
NEW = release()
LOOKED = Looked(
    environment="prod",
    project=PROJECT,
    commit=COMMIT,
    git_tree="9" * 40,
    source=SOURCE,
    workspace=Audited(branch="main", head=COMMIT),
    record=RECORD,
    weaker=WeakerView(
        run="g1", alias="runner", before="release 1.0", differences=Differences(digest="d")
    ),
    evidence=EvidenceView(
        source=SOURCE,
        commit=COMMIT,
        base="",
        areas=(),
        complaints=(),
        seal=SEAL,
        title="All of it",
    ),
    section="## all of it\n",
    releases=(OLD, NEW),
    running=OLD.id,
    soabi=SOABI,
)
SHELVED = Shelved(
    environment="prod", releases=(OLD, NEW), running=NEW.id, previous=OLD.id, soabi=SOABI
)


def state(*more: ev.AnyEvent, kind: ProjectType = ProjectType.RUNNER_DEV) -> State:
    """The runner's own project, with a gate run that passed for it."""
    found = State()
    facts: tuple[ev.AnyEvent, ...] = (
        ev.ProjectAdded(project="w1", alias="runner", path="/opt/dev", project_type=kind),
        tries.REQUESTED,
        replace(tries.STARTED, record=replace(RECORD, results=(), ended=None)),
        *(replace(tries.ended(one.gate), result=one) for one in GOOD),
        tries.OVER,
        *more,
    )
    for fact in facts:
        evolve(found, fact, AT)
    return found
