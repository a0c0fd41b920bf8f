"""Gates of a commit, from what somebody types to what is recorded, by a daemon that may be killed meanwhile."""

import json
from pathlib import Path
from typing import Any

from pmrunnerd.model import protocol as p
from pmrunnerd.model.gates import GatingState, Verdict
from tests.integration.daemon import Daemon
from tests.unit.services.parts import eventually, git, repository

GATES = """\
[tool.pm-runner.gates.lint]
command = "cat hello"

[tool.pm-runner.gates.unit]
command = "echo '<testsuite><testcase/><testcase/></testsuite>' > junit.xml"
needs = ["lint"]
tests = "junit.xml"

[tool.pm-runner.gates.slow]
command = "until [ -e $HOME/go ]; do sleep 0.01; done"
"""


def a_project(tmp_path: Path, daemon: Daemon, text: str = GATES) -> Path:
    workspace = repository(tmp_path / "workspace")
    (workspace / "pyproject.toml").write_text(text)
    (workspace / "hello").write_text("committed\n")
    git(workspace, "add", ".")
    git(workspace, "commit", "--quiet", "-m", "Gates")
    (workspace / "hello").write_text("not committed\n")
    daemon.ask(p.ProjectAdd(alias="cake", path=str(workspace)))
    return workspace


def shown(daemon: Daemon, run: str) -> Any:
    return daemon.ask(p.GateShow(run=run)).run


def results(daemon: Daemon, run: str) -> dict[str, Verdict]:
    record = shown(daemon, run).record
    return {one.gate: one.verdict for one in record.results} if record else {}


def test_gates_are_tried_on_what_was_committed_and_all_of_it_can_be_read_afterwards(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        a_project(tmp_path, daemon, GATES.partition("[tool.pm-runner.gates.slow]")[0])
        done = daemon.ctl("gate", "run", "cake", "--all")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(daemon.ctl("--json", "gate", "show", "g1").stdout)
        assert found["row"]["passed"], found
        tests = {one["gate"]: one.get("tests") for one in found["run"]["record"]["results"]}
        assert tests == {"lint": None, "unit": {"ran": 2}}
        (log,) = daemon.state.glob("gates/g1-*-lint/log")
        assert log.read_text() == "committed\n"


def test_what_nobody_asks_for_of_gate_runs_goes_and_what_went_is_said(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", "--retention-gates=1") as daemon:
        a_project(tmp_path, daemon, GATES.partition("[tool.pm-runner.gates.slow]")[0])
        for _ in range(2):
            assert daemon.ctl("gate", "run", "cake", "--all").returncode == 0
        would = daemon.ctl("run", "prune", "--dry-run").stdout
        assert "gate run g1 is none of the latest 1 of its project" in would
        assert "3 parts of gate runs, " in would
        assert len(list(daemon.state.glob("gates/trees/*"))) == 1
        done = daemon.ctl("run", "prune")
        assert " deleted; " in done.stdout, done.stderr
        assert list(daemon.state.glob("gates/trees/*")) == []
        assert {path.name[:3] for path in daemon.state.glob("gates/g*")} == {"g2-"}
        assert " of gate runs" in daemon.ctl("status").stdout
        gone = daemon.ctl("gate", "log", "g1", "lint")
        assert gone.returncode == 3
        assert "cannot show the log of gate lint of gate run g1: it was let go" in gone.stderr
        assert daemon.ctl("gate", "log", "g2", "lint").stdout == "committed\n"


def test_a_gate_goes_on_while_its_daemon_is_killed(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        a_project(tmp_path, daemon)
        run = daemon.ask(p.GateRun(project="cake")).id
        homes = daemon.state.glob
        eventually(lambda: list(homes("gates/g*-slow/work/home")))
        daemon.kill()
        (home,) = homes("gates/g*-slow/work/home")
        (home / "go").touch()
        daemon.start()
        eventually(lambda: shown(daemon, run).state is GatingState.ENDED)
        assert set(results(daemon, run).values()) == {Verdict.PASSED}
        assert results(daemon, run).keys() == {"lint", "unit", "slow"}


def test_one_that_is_cancelled_is_gone(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        a_project(tmp_path, daemon)
        run = daemon.ask(p.GateRun(project="cake", gates=("slow",))).id
        eventually(lambda: list(daemon.state.glob("gates/g*-slow/work/home")))
        daemon.ctl("gate", "cancel", run)
        eventually(lambda: shown(daemon, run).state is GatingState.CANCELLED)


def test_what_declares_no_gates_is_refused_in_words(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        a_project(tmp_path, daemon, "[project]\nname = 'x'\n")
        done = daemon.ctl("gate", "run", "cake", "--all")
        assert done.returncode != 0
        assert "[tool.pm-runner.gates.unit]" in done.stdout + done.stderr


def test_what_a_gate_prints_is_read_while_it_runs_and_afterwards(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        a_project(tmp_path, daemon, GATES.replace('"until', '"echo begun; until'))
        run = daemon.ask(p.GateRun(project="cake", gates=("slow",))).id
        with daemon.client() as client:
            pieces = client.stream(p.GateLog(run=run, gate="slow", follow=True))
            assert next(pieces).text == "begun\n"
            (home,) = daemon.state.glob("gates/g*-slow/work/home")
            (home / "go").touch()
            assert list(pieces) == []
        told = daemon.ctl("gate", "log", run, "slow")
        assert (told.returncode, told.stdout) == (0, "begun\n")
        missing = daemon.ctl("gate", "log", run, "lint")
        assert "cannot show the log of gate lint of gate run g1: it has slow" in missing.stderr


def test_what_was_prepared_alone_is_there_and_what_failed_waits_until_it_is_seen(
    tmp_path: Path,
) -> None:
    prepare = '[tool.pm-runner.gates-prepare]\ncommand = "echo made | tee $PMRUNNER_PREPARED/it"\n'
    with Daemon(tmp_path / "state") as daemon:
        bad = GATES.partition("[tool.pm-runner.gates.slow]")[0].replace("cat hello", "exit 4")
        a_project(tmp_path, daemon, bad + prepare)
        first = daemon.ctl("gate", "prepare", "cake")
        assert first.returncode == 0, first.stdout + first.stderr
        assert "\nmade\nall that its gates need is there\n" in first.stdout
        assert "\nall was there already\n" in daemon.ctl("gate", "prepare", "cake").stdout

        run = daemon.ask(p.GateRun(project="cake")).id
        eventually(lambda: shown(daemon, run).state is GatingState.ENDED)
        waits = daemon.ctl("inbox").stdout
        assert f"{run}  gates in cake" in waits
        assert "lint: failed: exit status 4" in waits
        assert f" gate seen {run}\n" in waits
        assert daemon.ctl("gate", "seen", run).returncode == 0
        assert "nothing waits for you" in daemon.ctl("inbox").stdout
        assert daemon.ctl("gate", "run", "cake", "--all").returncode == 8
        assert "nothing waits for you" in daemon.ctl("inbox").stdout, (
            "who waited for it has seen it"
        )
