"""A runner's source in a plain checkout: built, gated on what was built, evidenced, signed and proved, without a service manager."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pmrunnerd.model.entities import ProjectType
from tests.house.tree import ROOT
from tests.integration.daemon import Daemon, git
from tests.unit.engine.test_accounting import completed
from tests.unit.services.parts import needs_sandbox
from tests.unit.services.releases import drafts
from tests.unit.services.releases.made import signer
from tests.unit.services.releases.sources import Place

pytestmark = needs_sandbox
TABLE = """\
[gates.unit]
command = "ls $PMRUNNER_BUILT/cake/__init__.py && echo '<testsuite><testcase/></testsuite>' > junit.xml"
tests = "junit.xml"
"""


def test_what_was_gated_and_evidenced_is_the_very_tree_that_is_signed_and_proved(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    source = Place(root)
    with Daemon(tmp_path / "state", f"--root={root}") as daemon:
        here = daemon.add_project("cake", project_type=ProjectType.RUNNER_DEV)
        shutil.copytree(source.trees / source.digest, here, dirs_exist_ok=True)
        (here / "pm-runner.toml").write_text(TABLE)
        commit(here, ".", "The runner")
        run = daemon.ctl("gate", "run", "cake", "--all")
        assert run.returncode == 0, run.stdout + run.stderr
        record = answer(daemon, "gate", "show", run.stdout.split()[2])["run"]["record"]
        written = daemon.ctl("evidence", "write", "cake")
        assert written.returncode == 0, written.stderr
        text = completed((here / "EVIDENCE.md").read_text())
        (here / "EVIDENCE.md").write_text(text)
        commit(here, "EVIDENCE.md", "Evidence")
        checked = answer(daemon, "evidence", "check", "cake")

    releases = root / "opt/pm-runner/test/releases"
    (built,) = [one for one in releases.iterdir() if not one.name.startswith(".")]
    about = (built / "release.json").read_bytes()
    facts = json.loads(about)
    assert (facts["source"], facts["tree"]) == (record["source"], record["build"])
    signer(root)
    place = root / "var/lib/pm-runner/promote/test/p1"
    assert drafts.lay(place, "test", about, record, text) == checked["seal"]
    words = ("-m", "pmrunnerd.signing", "test-p1", f"--root={root}")
    signed = subprocess.run([sys.executable, *words], cwd=ROOT, check=False, capture_output=True)
    assert signed.returncode == 0, signed.stderr
    proof = prove(root, built.name)
    assert proof["outcome"] == "proved", proof
    (built / "lib/cake/__init__.py").write_text("HEAT = 500\n")
    wrong = [one["why"] for one in prove(root, built.name)["links"] if one["holding"] != "holds"]
    assert wrong == ["lib/cake/__init__.py was changed"]


def commit(here: Path, what: str, message: str) -> None:
    git(here, "add", what)
    git(here, "commit", "--quiet", "--message", message)


def answer(daemon: Daemon, *words: str) -> Any:
    done = daemon.ctl("--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def prove(root: Path, release: str) -> Any:
    words = ("-m", "pmrunnerctl", "--env=test", "--json", "prove", release, f"--root={root}")
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"HOME": str(root)},
        capture_output=True,
        check=False,
    )
    return json.loads(done.stdout.splitlines()[-1])
