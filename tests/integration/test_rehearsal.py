"""Candidates rehearsed in a root without a service manager: what is wrong with each is said, and nothing is touched."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pmrunnerd.model.errors import PmError
from tests.everything import some
from tests.integration.rehearsed import OLD, Stage, facts_of

MAIN = "pmrunnerd/main.py"
LIMIT = 120 << 20


class Fault(NamedTuple):
    """What a bad one has in a module, in place of what, and what is to be said of it."""

    name: str
    module: str
    text: str
    instead_of: str
    said: str


# Those first that differ most.
FAULTS = (
    Fault(
        "loses a question when it replays",
        "pmrunnerd/rules/work.py",
        "for asked in ():",
        "for asked in event.questions:",
        "lost of the questions q1, reading the journal from its first line on",
    ),
    Fault(
        "writes what cannot be read back",
        "pmrunnerd/store/levels.py",
        "newest: int = 2\n    writes: int = 2\n    migrations: Mapping[int, Migration] ="
        " __import__('msgspec').field(default_factory=lambda: {1: dict})",
        "newest: int = LEVEL\n    writes: int = LEVEL\n    migrations: Mapping[int, Migration] = MIGRATIONS",
        "the running release cannot read what",
    ),
    Fault(
        "settles what is none of its business",
        "pmrunnerd/rules/recovery.py",
        "return [ev.TaskCancelRequested(task=t.id, project=t.project, by='me')"
        " for t in state.tasks.values() if t.state == 'RUNNING']",
        "return [fact for plan in state.plans.values() for fact in plans.settle(state, plan)]",
        "the running release has changed of the tasks t2 (cancelling), from what it left",
    ),
    Fault(
        "hangs before it answers",
        MAIN,
        "import time; time.sleep(1000)\n",
        "",
        "is not ready within",
    ),
    Fault(
        "does not know what a rehearsal is",
        "pmrunnerd/options.py",
        '"--reheat", dest="rehearsal",',
        '"--rehearsal",',
        "cannot be rehearsed: it is older than rehearsals are",
    ),
    Fault(
        "raises at import",
        "pmrunnerd/house.py",
        "raise ImportError('no such thing')\n",
        "",
        "ended with status 1 before it was ready: ImportError: no such thing",
    ),
    Fault("exits at once", MAIN, "raise SystemExit(1)\n", "", "ended with status 1 before it was"),
    Fault(
        "drops a table",
        "pmrunnerd/store/snapshot.py",
        "questions=()",
        "questions=tuple(q for q in state.questions.values() if q.task in alive)",
        "lost of the questions q1, starting from what there is",
    ),
    Fault(
        "dies of a message",
        "pmrunnerd/api/changes.py",
        "    __import__('os')._exit(3)\n    posted =",
        "    posted =",
        "ended with status 3 while it was asked",
    ),
    Fault(
        "writes over what is written",
        MAIN,
        "import atexit, sys\n"
        "def spoil():\n"
        "    journal = sys.argv[sys.argv.index('--state-dir') + 1] + '/journal/00000001.jsonl'\n"
        "    with open(journal, 'r+b') as file: file.write(b'xx')\n"
        "atexit.register(spoil)\n",
        "",
        "wrote over journal/00000001.jsonl",
    ),
    Fault(
        "takes more memory than its unit has",
        MAIN,
        "ballast = b'x' * (120 << 20)\n",
        "",
        "MiB of memory, and its unit has 120",
    ),
    Fault(
        "is ready and answers nobody",
        MAIN,
        "import os, socket, time\n"
        "with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:\n"
        "    said.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])\n"
        "time.sleep(1000)\n",
        "",
        "lets nobody in at its control socket",
    ),
    Fault(
        "cannot say how it is",
        "pmrunnerd/api/reads.py",
        "raise OSError('no cake')\n    state = desk.store.state\n    rows = _rows(desk)",
        "state = desk.store.state\n    rows = _rows(desk)",
        "ended with status 70 while it was asked: OSError: no cake",
    ),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    made = Stage(tmp_path_factory.mktemp("root"))
    made.build()
    return made


@pytest.fixture(autouse=True)
def nothing_is_touched(stage: Stage) -> Iterator[None]:
    """The state is as it was, and nothing of the copy is left."""
    before = contents(stage.state)
    yield
    assert contents(stage.state) == before
    assert list(stage.place.iterdir()) == []
    assert (stage.home / "dist").readlink().name == OLD


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("fault", some(FAULTS, most=5), ids=lambda fault: fault.name)
def test_a_bad_one_is_found_out_and_what_is_wrong_is_said(stage: Stage, fault: Fault) -> None:
    name = stage.candidate(fault.module, fault.text, fault.instead_of)

    said = stage.rehearse(name, patience=2 if "hangs" in fault.name else 60, memory=LIMIT)

    assert any(fault.said in one for one in said), said
    assert all(name in one for one in said), said


def test_one_of_another_python_and_one_that_lacks_a_file_are_found_out(stage: Stage) -> None:
    other, damaged = stage.candidate(), stage.candidate()
    facts_of(stage.home / "releases" / other, soabi="cpython-39-x86_64-linux-gnu")
    (stage.home / "releases" / damaged / "lib" / MAIN).unlink()

    (said,) = stage.rehearse(other)
    assert said.startswith(f"{other} cannot be used (exit status 78)")
    assert "is built for Python" in said
    (said,) = stage.rehearse(damaged)
    assert said.startswith(f"{damaged} cannot be used (exit status 78)")
    assert "the release is damaged" in said


def test_one_that_cannot_read_the_configuration_is_found_out(stage: Stage) -> None:
    file = stage.root / "etc/pm-runner/prod.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[web]\nprot = 1\n")
    try:
        (said,) = stage.rehearse(stage.candidate())
    finally:
        file.unlink()
        file.parent.rmdir()
    assert "web.prot" in said


def test_where_nothing_can_be_seen_nothing_is_said_to_be_well(stage: Stage) -> None:
    journal = stage.state / "journal/00000001.jsonl"
    before = journal.read_bytes()
    journal.write_bytes(before.replace(b"cake", b"bake", 1))
    try:
        with pytest.raises(PmError, match=r"cannot rehearse: .*does not match its checksum"):
            stage.rehearse(stage.candidate())
    finally:
        journal.write_bytes(before)


def test_a_good_one_passes_and_what_it_was_told_stays_in_the_copy(stage: Stage) -> None:
    assert stage.rehearse(stage.candidate()) == ()


def test_a_state_in_which_nothing_has_happened_is_rehearsed_too(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal").mkdir()
    monkeypatch.setattr(stage, "state", tmp_path)

    assert stage.rehearse(stage.candidate()) == ()

    assert [one.name for one in tmp_path.iterdir()] == ["journal"]


def test_a_newer_one_may_add_tables_and_fields(stage: Stage) -> None:
    name = stage.candidate(
        "pmrunnerd/model/entities.py",
        "    alias: str\n    colour: str = 'blue'\n    shade: str = ''",
        "    alias: str",
    )

    assert stage.rehearse(name) == ()
