"""A daemon where no sandbox can start: it refuses runs, or says at every turn that it has none."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.daemon import Daemon
from tests.integration.runhost.walls import weaker
from tests.unit.services.parts import needs_sandbox

PROGRAMS = "bash sh git setpriv sleep setsid env cat touch find rm cp mv mkdir".split()
FAILS = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"


@pytest.fixture(params=["no bubblewrap", "one that fails"])
def why(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Take bubblewrap away from whatever is started, and return what will be said of it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    if request.param == "one that fails":
        (programs / "bwrap").write_text(FAILS)
        (programs / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return {
        "no bubblewrap": "bubblewrap is not installed",
        "one that fails": "bwrap: setting up uid map: Permission denied",
    }[request.param]


def test_runs_are_refused_and_nothing_is_started(tmp_path: Path, why: str) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "touch .git/ran")
        error = daemon.until_kind("demo", "error")

        assert f"cannot confine the agent: {why}" in error.text
        assert not (path / ".git/ran").exists()
        assert f"none: {why}; runs are refused" in daemon.ctl("status").stdout
        checked = daemon.ctl("doctor")
        assert f"{why}; runs are refused" in checked.stdout
        assert checked.returncode != 0


def test_where_somebody_accepted_that_every_page_says_so(tmp_path: Path, why: str) -> None:
    with Daemon(tmp_path / "state", "--runs-unconfined=true") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "touch ran")
        daemon.until_kind("demo", "complete")

        assert (path / "ran").exists()
        pages = [
            ("status",),
            ("project", "list"),
            ("project", "show", "demo"),
            ("task", "list"),
            ("run", "list"),
            ("run", "show", _run(daemon)),
            ("doctor",),
        ]
        for words in pages:
            shown = daemon.ctl(*words).stdout
            assert "UNCONFINED" in shown, (words, shown)
        assert f"{why}; agents run UNCONFINED" in daemon.ctl("doctor").stdout
        rows = json.loads(daemon.ctl("--json", "task", "list").stdout)["tasks"]
        assert [row["unconfined"] for row in rows] == [True]


@needs_sandbox
def test_a_sandbox_that_starts_is_used_whatever_somebody_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", weaker(tmp_path / "programs"))
    with Daemon(tmp_path / "state", "--runs-unconfined=true") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", "echo $PM_RUNNER_RUN; ls /run/pm-agent")
        daemon.until_kind("demo", "complete")
        for words in (
            ("status",),
            ("task", "list"),
            ("run", "list"),
            ("run", "show", _run(daemon)),
        ):
            assert "UNCONFINED" not in daemon.ctl(*words).stdout, words


def _run(daemon: Daemon) -> str:
    rows = json.loads(daemon.ctl("--json", "run", "list").stdout)["runs"]
    return str(rows[0]["run"]["id"])
