"""Evidence as its users meet it: begun, completed, committed and checked through the real client."""

import json
from pathlib import Path

from tests.integration.daemon import Daemon, a_repository, git
from tests.unit.engine.test_accounting import completed
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox
NAME = "EVIDENCE.md"


def test_a_commit_of_a_run_is_evidenced_as_a_person_would(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        here = daemon.add_project("demo")
        daemon.say("demo", "```sh\n# Add the first room of the house\nmkdir a\necho x >a/x\n```")
        daemon.until_kind("demo", "complete")
        none = daemon.ctl("evidence", "check", "demo")
        written = daemon.ctl("evidence", "write", "demo")
        text = (here / NAME).read_text()
        (here / NAME).write_text(completed(text))
        git(here, "add", NAME)
        git(here, "commit", "-q", "-m", "evidence")
        found = daemon.ctl("--json", "evidence", "check", "demo")
        offline = daemon.ctl("--json", "evidence", "check", "--offline", str(here))

    assert none.returncode == 8, none.stderr
    assert "there is none at the top of the repository" in none.stdout
    assert written.returncode == 0, written.stderr
    assert "Add the first room of the house` (t1, r1-" in text
    view, alone = json.loads(found.stdout), json.loads(offline.stdout)
    # Nobody ran a gate: that, and nothing else, is wrong.
    assert [one["what"] for one in view["complaints"]] == ["no gate was run for this content"]
    assert (view["seal"], view["source"]) == (alone["seal"], alone["source"])
    assert view["areas"] == ["a"]


def test_evidence_of_101_zeros_is_refused_and_so_is_what_was_not_committed(tmp_path: Path) -> None:
    here = a_repository(tmp_path / "w")
    (here / NAME).write_text("0" * 101)
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        dirty = daemon.ctl("evidence", "check", "--offline", str(here))
        git(here, "add", NAME)
        git(here, "commit", "-q", "-m", "zeros")
        zeros = daemon.ctl("evidence", "check", "--offline", str(here))
        option = daemon.ctl("evidence", "check", "demo", "--commit=--all")

    assert "there is none at the top" in dirty.stdout
    assert "EVIDENCE.md has no section of " in zeros.stdout
    assert (dirty.returncode, zeros.returncode, option.returncode) == (8, 8, 2)
