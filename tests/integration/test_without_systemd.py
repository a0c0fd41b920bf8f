"""A runner in a plain checkout moves its own commits into prod, and back, without a service manager and without root."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import ProjectType
from tests.house.tree import ROOT
from tests.integration.daemon import a_repository, environment, git
from tests.integration.test_house_life import a_free_port
from tests.integration.wheels import package
from tests.unit.engine.test_accounting import completed
from tests.unit.services.parts import needs_sandbox

pytestmark = [needs_sandbox, pytest.mark.timeout(600)]
TABLE = """\
[gates.unit]
command = "ls $PMRUNNER_BUILT/pmrunnerd/main.py && echo '<testsuite><testcase/></testsuite>' > junit.xml"
tests = "junit.xml"
"""
# Only where it is for good: in a rehearsal all is well.
CRASHES = "import sys\nif '--rehearsal' not in sys.argv: raise SystemExit(3)\n"


class Checkout:
    """A repository of this runner, a root for its releases, and the environments that run there."""

    def __init__(self, place: Path) -> None:
        self.root, self.here = place / "root", a_repository(place / "src")
        self._place = place
        lock = package(self.root)
        for name in ("pmrunnerd", "pmrunnerctl"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, self.here / name, ignore=ignored)
        (self.here / "packaging").mkdir()
        (self.here / "packaging/requirements-release.lock").write_text(lock)
        (self.here / "pm-runner.toml").write_text(TABLE)
        self.commit("The runner")

    def commit(self, message: str, **changed: str) -> None:
        for name, text in changed.items():
            path = self.here / "pmrunnerd" / f"{name}.py"
            path.write_text(text + path.read_text())
        git(self.here, "add", ".")
        git(self.here, "commit", "--quiet", "--message", message)

    def ctl(self, *words: str, env: str = "prod") -> subprocess.CompletedProcess[str]:
        """Run the client where the state of an environment is."""
        where = ("--socket", str(self._place / env / "control.sock"), "--env", env)
        return subprocess.run(
            [sys.executable, "-m", "pmrunnerctl", *where, *words],
            env=environment(self._place) | {"PMRUNNER_STORE_CHECKPOINT": "1000"},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def does(self, *words: str, env: str = "prod", status: int = 0) -> str:
        done = self.ctl(*words, env=env)
        assert done.returncode == status, f"{words}\n{done.stdout}\n{done.stderr}\n{self.log(env)}"
        return done.stdout

    def answer(self, *words: str, env: str = "prod") -> Any:
        return json.loads(self.does("--json", *words, env=env).splitlines()[-1])

    def log(self, env: str) -> str:
        logs = [self._place / env / "pmrunnerd.log", *self.root.rglob("promoting.log")]
        return "\n".join(path.read_text()[-6000:] for path in logs if path.exists())

    def build(self, env: str) -> str:
        where = (f"--root={self.root}", f"--repository={self.here}")
        return str(self.answer("release", "build", "HEAD", *where, env=env)["id"])

    def start(self, env: str, release: str = "") -> None:
        first = ("--release", release, "--port", str(a_free_port())) if release else ()
        self.does("start", *first, "--", f"--root={self.root}", env=env)

    def release(self, env: str = "prod") -> str:
        return str(self.answer("status", env=env)["release"])

    def gate(self) -> str:
        """Have the latest commit gated and evidenced; return what is to be approved."""
        self.does("gate", "run", "runner", "--all")
        self.does("evidence", "write", "runner")
        file = self.here / "EVIDENCE.md"
        file.write_text(completed(file.read_text()))
        self.commit("Evidence")
        return str(self.answer("evidence", "check", "runner")["seal"])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    made.start("prod", made.build("prod"))
    kind = ProjectType.RUNNER_DEV
    made.does("project", "add", "runner", str(made.here), "--type", kind)
    yield made
    for env in ("prod", "dev"):
        made.ctl("stop", env=env)


def test_a_commit_is_built_gated_promoted_and_rolled_back(checkout: Checkout) -> None:
    first = checkout.release()
    checkout.commit("Better", __init__="# better\n")
    seal = checkout.gate()
    said = checkout.does("promote", "--approve", seal, "--probation", "1", "--wait")
    assert "confirmed" in said
    second = checkout.release()
    assert second != first
    checkout.does("rollback", "--probation", "1", "--wait")
    assert checkout.release() == first


def test_a_commit_is_built_to_be_tried_and_where_it_does_not_run_the_one_before_does(
    checkout: Checkout,
) -> None:
    first = checkout.build("dev")
    checkout.start("dev", first)
    checkout.commit("No Python", main="no python")
    broken = checkout.ctl("try", "--wait")
    assert broken.returncode == 10, broken.stderr
    assert "and dev runs on as before: cannot make a release: not all of it is Python" in (
        broken.stderr
    )
    git(checkout.here, "revert", "--no-edit", "HEAD")
    checkout.commit("Worse", main=CRASHES)
    tried = checkout.ctl("try", "--wait")
    assert tried.returncode == 20, f"{tried}\n{checkout.log('dev')}"
    assert "building a release of " in tried.stderr
    assert "is down, and does not come up again" in tried.stdout
    assert checkout.release("dev") == first
