"""How an environment and its runs stand, as the service manager knows it: in `status` and `run show`."""

import re
from collections.abc import Iterator

import pytest

from tests.system.ground import DAEMON, Ground
from tests.system.host import Host
from tests.system.limits import must_limit


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()


def test_status_shows_the_unit_its_restarts_and_its_watchdog(ground: Ground) -> None:
    must_limit(ground.machine, "memory")
    (pid,) = ground.show(DAEMON, "MainPID")
    ground.machine.kill(int(pid))
    ground.machine.wait(lambda: ground.show(DAEMON, "MainPID")[0] not in (pid, "0"))
    held = ground.ctl("status")["unit"]

    assert (held["name"], held["restarts"], held["watchdog"]) == (DAEMON, 1, "30s")
    assert held["memory"] > 10 << 20
    said = ground.machine.run("pmrunnerctl", "status").stdout
    assert f"{DAEMON}, 1 restart, " in said
    ground.machine.run("systemctl", "restart", DAEMON)


def test_one_line_of_systemctl_says_how_it_is_going(ground: Ground) -> None:
    release = ground.ctl("status")["release"]
    ground.machine.wait(lambda: release in ground.show(DAEMON, "StatusText")[0])

    said = ground.machine.run("systemctl", "status", "--no-pager", DAEMON).stdout
    assert f'Status: "prod {release}: ' in said
    assert "0 of 4 running" in said


def test_a_run_under_way_shows_what_it_uses(ground: Ground) -> None:
    must_limit(ground.machine, "memory")
    run = ground.say(ground.project("uses"), "echo begun; sleep 1004")
    ground.said(run, "begun")
    used = ground.ctl("run", "show", run)["unit"]

    assert used["name"] == f"pm-runner-run@prod-{run}.service"
    assert used["memory"] > 10 << 20
    # Of hierarchies of version 1 systemd knows it where cpu and cpuacct are one, as they mostly are.
    assert used["cpuSeconds"] is None or used["cpuSeconds"] > 0
    assert used["tasks"] >= 3
    # Kernels before 5.19 do not count it in the newer kind of hierarchy.
    assert used["memoryPeak"] is None or used["memoryPeak"] >= used["memory"]
    assert set(ground.ctl("run", "list")["units"]) == {run}
    assert set(ground.ctl("status")["units"]) == {run}
    for shown in (("run", "list"), ("status",), ("run", "show", run)):
        said = ground.machine.run("pmrunnerctl", *shown).stdout
        assert re.search(r"[0-9] MiB.*, [0-9]+ tasks", said), said
    ground.cancel(run)
    assert "unit" not in ground.ctl("run", "show", run)
