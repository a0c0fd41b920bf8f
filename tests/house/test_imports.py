"""What one command costs is what it imports: counted in modules, which no busy machine can blur."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon
from tests.house.tree import ROOT, must_hold
from tests.unit.pmrunnerctl import samples

# Each costs a millisecond or more, and `status` asks one question over one socket.
TOO_DEAR: Final = frozenset(
    """
    asyncio concurrent ctypes dataclasses email hashlib http json logging multiprocessing secrets
    shutil ssl subprocess tempfile tomllib traceback unittest xml zoneinfo
    watchdog starlette uvicorn daemon sdnotify
    """.split()
)
# Each module of ours is a file to find, read and run. One more is a decision, not an accident.
OURS: Final = 42

# What a daemon does without until it has answered; each costs its start 2 ms or more.
LATER: Final = frozenset("click ctypes daemon mcp starlette tomllib uvicorn watchdog".split())

TELLING: Final = """
import sys
from pmrunnerctl.cli import run
assert run(sys.argv[1:]) == 0
sys.stderr.write(" ".join(sys.modules))
"""


def imported_by(*command: str) -> set[str]:
    """Return every module that a command of `pmrunnerctl` imported on its way."""
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *command],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stderr.split())


def dear(modules: set[str]) -> list[str]:
    return [
        f"`pmrunnerctl status` imports {name}"
        for name in sorted(modules)
        if name.partition(".")[0] in TOO_DEAR
    ]


@pytest.fixture(scope="module")
def by_status(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    with FakeDaemon(tmp_path_factory.mktemp("house") / "control.sock") as daemon:
        daemon.answers[p.Status] = samples.overview()
        return imported_by("--socket", str(daemon.path), "status")


def test_status_imports_nothing_that_it_could_do_without(by_status: set[str]) -> None:
    must_hold(dear(by_status))


def test_status_knows_no_verb_but_itself_and_no_door_or_disk(by_status: set[str]) -> None:
    ours = {name for name in by_status if name.startswith(("pmrunnerctl", "pmrunnerd"))}
    daemon = {name for name in ours if name.startswith("pmrunnerd.")}
    verbs = {
        f"pmrunnerctl.{path.stem}"
        for path in Path(ROOT, "pmrunnerctl").glob("*.py")
        if "\n@verb(" in path.read_text()
    }

    assert ours & verbs == {"pmrunnerctl.status"}
    assert {name for name in daemon if not name.startswith("pmrunnerd.model")} == set()
    assert len(ours) <= OURS, sorted(ours)


def test_a_daemon_answers_before_it_has_what_it_needs_later() -> None:
    code = "import sys, pmrunnerd.house; print(*sys.modules)"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}

    assert "asyncio" in imported, done.stderr
    assert sorted(imported & LATER) == []


def test_a_dear_module_is_found() -> None:
    assert dear({"click", "ssl", "email.message"}) == [
        "`pmrunnerctl status` imports email.message",
        "`pmrunnerctl status` imports ssl",
    ]
