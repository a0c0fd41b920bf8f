"""Runs as units: what a person's message becomes on a host with the package."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.ground import RUNS, Ground
from tests.system.host import Host

RUN: Final = "pm-runner-run@.service"
PATIENT: Final = "setsid sleep 1000 & echo begun; sleep 1000"


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.plain(RUN)


def test_a_message_is_a_unit_of_the_agents_user_and_ends_as_a_commit(ground: Ground) -> None:
    cake = ground.project("cake")
    run = ground.say(
        "cake", "id -un > who.txt; bwrap --unshare-user --unshare-pid --ro-bind / / true"
    )
    ended = ground.ended(run)

    assert (ended["outcome"], ended.get("reason", "")) == ("succeeded", "")
    assert ended["peakMemory"] > 20 << 20, "of all of it, its run host too"
    who = ground.machine.root / str(cake / "who.txt").lstrip("/")
    assert who.read_text() == "pm-agent\n"
    ground.over(run)
    assert ground.show("pm-runner@prod.service", "ActiveState", "NRestarts") == ["active", "0"]
    assert "pm-runner-run" not in ground.machine.run("systemctl", "--failed").stdout


def test_what_daemon_and_run_share_is_theirs_alone(ground: Ground) -> None:
    modes = ground.machine.run(
        *("find", RUNS, "-maxdepth", "2", "-printf", "%P %m %u %g\n")
    ).stdout.splitlines()
    kept = {
        line.partition("/")[2] or "run": line.split()[1:]
        for line in modes
        if "set-aside" not in line
    }

    assert kept["spec.json"[:0] + "spec.json"] == ["640", "pm-runner-prod", "pm-run"]
