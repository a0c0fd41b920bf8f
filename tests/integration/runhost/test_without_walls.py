"""A daemon where no sandbox can start: it refuses runs, or says at every turn that it has none."""

import json
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from tests.integration.api.test_web_runs import Browser, at_the_door
from tests.integration.daemon import Daemon, git
from tests.integration.runhost.walls import weaker
from tests.integration.test_house_life import a_free_port
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
        again = daemon.ctl("start", "--state-dir", str(daemon.state))
        assert again.stderr.startswith(f"no run can begin: {why}; runs are refused\n")
        assert "-- --unconfined   # accepts the risk\n" in again.stderr
        checked = daemon.ctl("doctor")
        assert f"{why}; runs are refused" in checked.stdout
        assert checked.returncode != 0


def test_where_somebody_accepted_that_every_page_says_so(tmp_path: Path, why: str) -> None:
    with Daemon(tmp_path / "state", "--runs-unconfined=true") as daemon:
        path = daemon.add_project("demo", plan_approval="manual")
        daemon.say("demo", "touch ran")
        daemon.until_kind("demo", "plan")
        # Whoever approves is told before anything has run.
        _says_so(daemon, ("inbox",), ("plan", "show", "p1"), ("chat", "history", "demo"))
        daemon.ask(p.PlanApprove(plan="p1"))
        daemon.until_kind("demo", "complete")

        assert (path / "ran").exists()
        _says_so(
            daemon,
            ("status",),
            ("project", "list"),
            ("project", "show", "demo"),
            ("plan", "list"),
            ("plan", "show", "p1"),
            ("task", "list"),
            ("task", "show", "t1"),
            ("run", "list"),
            ("run", "show", _run(daemon)),
            ("run", "logs", _run(daemon)),
            ("doctor",),
            ("events",),
            ("inbox",),  # where nothing waits any more
        )
        assert daemon.ask(p.Inbox()).items == ()
        # Of itself, and by the look of whoever asks.
        assert daemon.ctl("doctor").stdout.count(f"{why}; agents run UNCONFINED") == 2
        rows = json.loads(daemon.ctl("--json", "task", "list").stdout)["tasks"]
        assert [row["unconfined"] for row in rows] == [True]


def test_where_somebody_accepted_that_whoever_reads_along_is_told(tmp_path: Path, why: str) -> None:
    with Daemon(tmp_path / "state", "--runs-unconfined=true") as daemon:
        path = daemon.add_project("demo")
        read_along = daemon.ctl("chat", "send", "demo", "--wait", "touch ran")
        assert read_along.stdout.count("UNCONFINED") == 2, "of the plan, and of its run"
        daemon.say("demo", "pm-ask 'Which?'")
        assert daemon.until_kind("demo", "question").unconfined
        _says_so(
            daemon, ("inbox",), ("plan", "list"), ("plan", "show", "p2"), ("task", "show", "t2")
        )

        body = git(path, "log", "-1", "--format=%(trailers:key=PM-Runner-Confinement)")
        assert body.strip() == "PM-Runner-Confinement: UNCONFINED"
        begun = [line for line in daemon.log().splitlines() if "event=run-began" in line]
        assert all("level=warning" in line and "=UNCONFINED" in line for line in begun)
        assert len(begun) == 2
        assert f'msg="agents run UNCONFINED: {why}"' in daemon.log()


def test_where_somebody_accepted_that_it_is_told_over_http_too(tmp_path: Path, why: str) -> None:
    port = a_free_port()
    with Daemon(tmp_path / "state", "--runs-unconfined=true", f"--web-port={port}") as daemon:
        at_the_door(daemon)
        browser = Browser(daemon, port)
        daemon.add_project("demo")
        daemon.say("demo", "touch ran\npm-ask 'Which?'")
        daemon.until_kind("demo", "question")
        said = browser.ask("GET", "/chat/history?project=demo")["entries"]
        assert [e["kind"] for e in said if e["unconfined"]] == ["plan", "question"]
        told = (entry for _, entry in browser.events("/chat/follow?project=demo&since=0"))
        assert next(e for e in told if e["kind"] == "question")["unconfined"]
        assert browser.ask("GET", "/inbox")["items"][0]["unconfined"]
        assert browser.ask("GET", "/plan/show?plan=p1")["unconfined"]
        assert browser.ask("GET", f"/run/show?run={_run(daemon)}")["run"]["confined"] is False
        assert browser.ask("GET", "/status")["confinement"] == "UNCONFINED"
        assert f"{why}; agents run UNCONFINED" in str(browser.ask("GET", "/doctor"))


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
            ("plan", "show", "p1"),
            ("task", "list"),
            ("task", "show", "t1"),
            ("run", "list"),
            ("run", "show", _run(daemon)),
            ("chat", "history", "demo"),
        ):
            assert "UNCONFINED" not in daemon.ctl(*words).stdout, words
        assert "UNCONFINED" not in daemon.log()


def _says_so(daemon: Daemon, *pages: tuple[str, ...]) -> None:
    for words in pages:
        done = daemon.ctl(*words)
        assert "UNCONFINED" in done.stdout + done.stderr, (words, done)


def _run(daemon: Daemon) -> str:
    rows = json.loads(daemon.ctl("--json", "run", "list").stdout)["runs"]
    return str(rows[0]["run"]["id"])
