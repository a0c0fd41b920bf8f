"""Gates of a project on a host with the package: asked for by a person, tried by units, recorded by the daemon."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.ground import PROJECTS, Ground
from tests.system.host import Host
from tests.system.trials import RECORDS

GATES = """\
[tool.pm-runner.gates.lint]
command = "cat pyproject.toml | head -n 1; id -u"

[tool.pm-runner.gates.unit]
command = "echo '<testsuite><testcase/></testsuite>' > junit.xml"
needs = ["lint"]
tests = "junit.xml"

[tool.pm-runner.gates.slow]
command = "echo up; exec sleep 1000"
timeout = "5min"
"""


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    project = ground.project("gated")
    path = f"{PROJECTS}/{project}"
    machine.run("tee", f"{path}/pyproject.toml", user="pm-agent", input=GATES)
    git = ("git", "-C", path, "-c", "user.name=a", "-c", "user.email=a@localhost")
    machine.run(*git, "add", ".", user="pm-agent")
    machine.run(*git, "commit", "--quiet", "-m", "Gates", user="pm-agent")
    yield ground
    ground.end()


def shown(ground: Ground, run: str) -> dict[str, Any]:
    return dict(ground.ctl("gate", "show", run)["run"])


def test_a_person_has_gates_tried_by_units_and_sees_how_they_went(ground: Ground) -> None:
    machine = ground.machine
    done = machine.run("pmrunnerctl", "gate", "run", "gated", "unit", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    run = done.stdout.split()[2]
    found = shown(ground, run)["record"]["results"]
    assert {one["gate"]: one["verdict"] for one in found} == {"lint": "passed", "unit": "passed"}
    records = machine.root / f"{RECORDS}/prod/gates".lstrip("/")
    for one in found:
        (path,) = records.glob(f"{run}-*-{one['gate']}.json")
        record = json.loads(path.read_text())
        assert record["by"] == "pm-runner-gate"
        assert record["log"] == one["log"]
        assert path.stat().st_uid == 0
    told = machine.run("pmrunnerctl", "gate", "log", run, "lint").stdout
    assert told.startswith("[tool.pm-runner.gates.lint]\n")
    # Others on this machine may have left trees, too.
    tree = (
        machine.root / "var/lib/pm-runner/gates/prod/trees" / shown(ground, run)["record"]["source"]
    )
    assert tree.is_dir()
    pruned = ground.ctl("run", "prune")["gates"]
    assert {one["part"] for one in pruned["parts"]} == {"tree"}, pruned
    assert not pruned.get("left")
    assert not tree.exists()


def test_a_gate_goes_on_while_its_daemon_is_killed_and_ends_when_it_is_cancelled(
    ground: Ground,
) -> None:
    machine = ground.machine
    machine.run("pmrunnerctl", "gate", "run", "gated", "slow", "--detach")
    run = ground.ctl("gate", "list")["runs"][0]["id"]

    def units() -> list[str]:
        words = ("list-units", "--plain", "--no-legend", "pm-runner-gate@*")
        return machine.run("systemctl", *words).stdout.split()

    unit = machine.wait(units)[0]
    machine.wait(lambda: ground.show(unit, "SubState") == ["running"])
    (before,) = ground.show(unit, "MainPID")
    machine.run("systemctl", "kill", "--signal=KILL", "pm-runner@prod.service")
    machine.wait(lambda: shown(ground, run).get("state") == "RUNNING")
    assert ground.show(unit, "MainPID") == [before]
    ground.ctl("gate", "cancel", run)
    machine.wait(lambda: shown(ground, run)["state"] == "CANCELLED")
    assert ground.show(unit, "ActiveState") == ["inactive"]
