"""A restart that an operator asks the daemon for, who may not ask systemd; and a stop, seen by who comes."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from pmrunnerd.departure import SOONEST
from tests.system.ground import DAEMON, Ground
from tests.system.host import Host

RESTART: Final = ("pmrunnerctl", "--env", "prod", "restart")


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()


@pytest.fixture
def olga(ground: Ground) -> Iterator[str]:
    """Somebody who operates, and is not root."""
    yield ground.machine.user("olga", ["pm-runner"])
    ground.machine.run("userdel", "--remove", "olga", check=False)


def test_an_operator_restarts_it_by_asking_it_and_no_run_notices(ground: Ground, olga: str) -> None:
    run = ground.say(ground.project("lasts"), "echo begun; sleep 1006; echo never")
    ground.said(run, "begun")
    asleep = ground.asleep()
    (first,) = ground.show(DAEMON, "MainPID")
    socket = ground.machine.root / "run/pm-runner/prod/control.sock"
    inode = socket.stat().st_ino
    ground.machine.wait(lambda: old(ground) >= SOONEST, timeout=SOONEST * 2)

    # It counts from a moment after systemd's: until then it refuses, as below.
    said = ground.machine.wait(lambda: restarted(ground, olga))

    second, restarts = ground.show(DAEMON, "MainPID", "NRestarts")
    assert f"pmrunnerd started again: prod, pid {second}" in said
    assert second not in (first, "0")
    assert restarts == "1"
    left = ground.machine.journal("PMRUNNER_EVENT=leaving", f"_PID={first}")
    assert [one["PMRUNNER_WHY"] for one in left] == ["a client asked for a restart"]
    assert socket.stat().st_ino == inode
    assert ground.asleep() == asleep
    assert ground.ctl("run", "show", run)["alive"] is True

    refused = ground.machine.run(*RESTART, user=olga, check=False)
    assert refused.returncode == 4
    why = rf"it started [0-9]+ s ago, and restarts itself once in {SOONEST:.0f} s"
    assert re.search(why, refused.stderr)
    assert "hint: sudo pmrunnerctl restart" in refused.stderr
    assert ground.show(DAEMON, "MainPID") == [second]

    # Root asks systemd, and as often as it likes.
    ground.machine.run(*RESTART)
    third, restarts = ground.show(DAEMON, "MainPID", "NRestarts")
    assert third not in (first, second, "0")
    assert restarts == "0"
    assert ground.asleep() == asleep
    ground.cancel(run)


def restarted(ground: Ground, who: str) -> str:
    """Return what is said to somebody who restarts it; nothing where it is too soon."""
    return ground.machine.run(*RESTART, user=who, check=False).stdout


def old(ground: Ground) -> float:
    """Return how many seconds ago the daemon was started."""
    (began,) = ground.show(DAEMON, "ExecMainStartTimestampMonotonic")
    now = float((ground.machine.root / "proc/uptime").read_text().split()[0])
    return now - int(began) / 1e6


def test_who_comes_to_one_that_was_stopped_is_told_so_and_not_kept_waiting(
    ground: Ground, olga: str
) -> None:
    ground.machine.run("systemctl", "stop", DAEMON)
    ground.machine.wait(
        lambda: ground.show("pm-runner@prod.socket", "ActiveState", "Job") == ["inactive", ""]
    )
    for words in (("status",), ("answer", "q1", "yes"), ("inbox",)):
        asking = ("pmrunnerctl", "--env", "prod", *words)
        refused = ground.machine.run(*asking, user=olga, check=False)
        assert refused.returncode == 5
        assert "control.sock: pm-runner@prod is stopped\n" in refused.stderr
        assert refused.stderr.endswith("  hint: sudo systemctl start pm-runner@prod\n")
    ground.machine.run("systemctl", "start", DAEMON)
    ground.machine.run("pmrunnerctl", "--env", "prod", "status", user=olga)


@pytest.mark.usefixtures("boots")
def test_a_machine_that_is_booted_again_parks_its_runs_and_goes_on_with_them(
    ground: Ground,
) -> None:
    run = ground.say(ground.project("rebooted"), "test -e .git/again || sleep 1007")
    ground.machine.wait(lambda: any("1007" in line for line in ground.asleep()))
    (pid,) = ground.show(DAEMON, "MainPID")

    ground.machine.reboot()
    ground.begin()

    left = ground.machine.journal("PMRUNNER_EVENT=leaving", f"_PID={pid}")
    assert "to stop" in left[-1]["PMRUNNER_WHY"], "who asks systemd needs a bus that is still there"
    ended = ground.ended(run)
    assert ended["outcome"] == "interrupted"
    ground.cancel(ground.another("rebooted", run))
