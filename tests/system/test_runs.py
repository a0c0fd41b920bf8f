"""Runs as units: what a person's message becomes on a host with the package."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.ground import DAEMON, ROOMY, RUNS, Ground
from tests.system.host import Host
from tests.system.limits import handed_down, must_limit

TEMPLATE: Final = "pm-runner-run@.service"
# One process goes out of its session, and a second one of its group.
PATIENT: Final = "setsid sleep 1001 & sleep 1002 & echo begun; sleep 1003"
GREEDY: Final = "python3 -c 'x = bytearray(600 << 20); print(len(x))'"
BOMB: Final = """\
python3 - <<'END'
import os, sys, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError as why:
    print(made, why.strerror, flush=True)
END
"""


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()


def test_a_run_that_meets_its_limits_dies_alone_and_says_so(ground: Ground) -> None:
    must_limit(ground.machine, "memory")
    must_limit(ground.machine, "pids")
    ground.drop_in(TEMPLATE, "[Service]\nMemoryMax=300M\nTasksMax=80\n")
    greedy, bombs, patient = (ground.project(name) for name in ("greedy", "bombs", "patient"))
    other = ground.say(patient, PATIENT)
    ground.said(other, "begun")

    much, many = ground.say(greedy, GREEDY), ground.say(bombs, BOMB)

    ended = ground.ended(much)
    assert ended["outcome"] == "failed"
    met = "memory: it met its limit of 300 MiB, and the kernel killed what it ran"
    assert ended["reason"].startswith(met)
    assert ended["peakMemory"] <= 300 << 20
    assert ground.ended(many)["outcome"] == "succeeded"
    (said,) = ground.printed(many, "temporarily unavailable")
    assert 20 < int(said.split()[0]) < 80
    assert ground.unit(other, "ActiveState") == ["active"]
    assert ground.show(DAEMON, "ActiveState", "NRestarts") == ["active", "0"]
    ground.plain(TEMPLATE)
    ground.cancel(other)


def test_a_message_is_a_unit_of_the_agents_user_and_ends_as_a_commit(ground: Ground) -> None:
    cake = ground.project("cake")
    sandbox = "bwrap --unshare-user --unshare-pid --unshare-net --ro-bind / / --proc /proc true"
    run = ground.say(cake, f"id -un > who.txt; {sandbox}; cat /proc/self/oom_score_adj")
    ended = ground.ended(run)

    assert (ended["outcome"], ended.get("reason", "")) == ("succeeded", "")
    if "memory" in handed_down(ground.machine):
        assert ended["peakMemory"] > 20 << 20, "of all of it, its run host too"
    assert ground.printed(run, "500"), "it goes before its run host"
    path = f"/srv/pm-runner/projects/{cake}"
    who = ground.machine.run("git", "-C", path, "show", "HEAD:who.txt", user="pm-agent")
    assert who.stdout == "pm-agent\n"
    ground.over(run)
    units = ground.machine.run(
        "systemctl", "list-units", "--all", "--no-legend", "pm-runner-run@prod-r[0-9]*"
    )
    assert not units.stdout, "a unit that is over is none"


def test_what_a_run_shares_with_its_daemon_it_shares_with_nobody_else(ground: Ground) -> None:
    run = ground.say(ground.project("shared"), "true")
    ground.ended(run)
    found = ground.machine.run(
        "find", f"{RUNS}/{run}", "-maxdepth", "1", "-printf", "%f %m %u:%g\n"
    )

    daemon = "pm-runner-prod:pm-run"
    assert {
        f"{run} 2770 {daemon}",
        f"spec.json 640 {daemon}",
        f"events.jsonl 660 {daemon}",
        f"lock 660 {daemon}",
    } <= set(found.stdout.splitlines())
    link = ground.machine.root / "var/lib/pm-runner/state/prod/runs"
    assert str(link.readlink()) == RUNS


def test_a_daemon_that_is_killed_finds_its_run_again_and_cancels_all_of_it(ground: Ground) -> None:
    run = ground.say(ground.project("killed"), PATIENT)
    ground.said(run, "begun")
    host, daemon = ground.unit(run, "MainPID"), ground.show(DAEMON, "MainPID")

    ground.machine.kill(int(daemon[0]))
    ground.machine.wait(lambda: ground.show(DAEMON, "MainPID") not in (daemon, ["0"]))
    ground.machine.wait(lambda: ground.show(DAEMON, "ActiveState") == ["active"])

    assert ground.unit(run, "MainPID", "ActiveState") == [*host, "active"]
    assert ground.ctl("run", "show", run)["alive"]
    assert len(ground.asleep()) == 3
    ground.cancel(run)
    assert ground.ended(run)["outcome"] == "cancelled"
    assert not ground.asleep()


def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_the_next_one_finds_its_run(
    ground: Ground,
) -> None:
    run = ground.say(ground.project("watched"), PATIENT)
    ground.said(run, "begun")
    host, daemon = ground.unit(run, "MainPID"), ground.show(DAEMON, "MainPID")
    # It says itself how often it is to be asked; this one has that from a start with the drop-in.
    ground.drop_in(DAEMON, f"{ROOMY}WatchdogSec=2s\n")
    ground.machine.run("systemctl", "restart", DAEMON)
    second = ground.show(DAEMON, "MainPID")
    assert second != daemon

    ground.machine.run("kill", "-STOP", *second)
    ground.machine.wait(lambda: ground.show(DAEMON, "MainPID") not in (second, ["0"]))
    ground.machine.wait(lambda: ground.show(DAEMON, "ActiveState") == ["active"])

    assert ground.show(DAEMON, "NRestarts") == ["1"], "nobody else ends one that was stopped so"
    assert ground.unit(run, "MainPID", "ActiveState") == [*host, "active"]
    assert ground.ctl("run", "show", run)["alive"]
    ground.cancel(run)
    ground.drop_in(DAEMON, ROOMY)


def test_a_stop_parks_what_runs_and_the_next_start_goes_on_with_it(ground: Ground) -> None:
    run = ground.say(ground.project("parked"), "test -e .git/again || sleep 1000")
    ground.machine.wait(lambda: ground.unit(run, "ActiveState") == ["active"])
    ground.machine.run("systemctl", "stop", DAEMON)

    ground.over(run)
    ground.begin()
    assert ground.ended(run)["outcome"] == "interrupted"
    again = ground.another("parked", run)
    ground.cancel(again)


def test_a_run_host_that_is_killed_leaves_nothing_and_its_run_is_interrupted(
    ground: Ground,
) -> None:
    run = ground.say(ground.project("hosts"), PATIENT)
    ground.said(run, "begun")
    ground.machine.run("systemctl", "kill", "--signal=KILL", f"pm-runner-run@prod-{run}.service")

    assert ground.ended(run)["outcome"] == "interrupted"
    ground.cancel(ground.another("hosts", run))
    failed = ("systemctl", "list-units", "--failed", "--no-legend", "pm-runner*")
    assert not ground.machine.run(*failed).stdout
