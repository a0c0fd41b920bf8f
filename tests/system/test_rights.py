"""What the users of pm-runner may ask of systemd: a daemon its own runs, and nothing else."""

from collections.abc import Iterator

import pytest

from tests.system.host import Host

DAEMON = "pm-runner-prod"
REFUSED = ("access denied", "authentication required")
# Something of the same name that any machine can start.
UNIT = "[Service]\nType=exec\nExecStart=/usr/bin/sleep 60\n"
OWN, OTHER = "pm-runner-run@prod-t1.service", "pm-runner-run@dev-t1.service"


@pytest.fixture
def machine_with_runs(machine: Host) -> Iterator[Host]:
    units = [machine.root / "run/systemd/system" / name for name in (OWN, OTHER)]
    for unit in units:
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text(UNIT)
    machine.run("systemctl", "daemon-reload")
    yield machine
    machine.run("systemctl", "stop", OWN, OTHER)
    for unit in units:
        unit.unlink()
    machine.run("systemctl", "daemon-reload")


def test_a_daemon_starts_stops_and_forgets_its_own_run(machine_with_runs: Host) -> None:
    for verb in ("start", "reset-failed", "stop"):
        machine_with_runs.run("systemctl", "--no-ask-password", verb, OWN, user=DAEMON)


def test_a_daemon_may_do_nothing_else_with_units(machine_with_runs: Host) -> None:
    machine_with_runs.run("systemctl", "start", OWN)
    for words in (
        ("systemctl", "--no-ask-password", "start", OTHER),
        ("systemctl", "--no-ask-password", "start", "pm-runner@dev.service"),
        ("systemctl", "--no-ask-password", "restart", "dbus.service"),
        ("systemctl", "--no-ask-password", "restart", OWN),
        ("systemctl", "--no-ask-password", "kill", OWN),
        ("systemctl", "--no-ask-password", "set-property", OWN, "MemoryMax=1G"),
        ("systemctl", "--no-ask-password", "enable", "pm-runner@dev.service"),
        ("systemctl", "--no-ask-password", "daemon-reload"),
        ("systemd-run", "--no-ask-password", "/usr/bin/true"),
        ("systemd-run", "--no-ask-password", f"--unit={OWN}", "/usr/bin/true"),
    ):
        done = machine_with_runs.run(*words, user=DAEMON, check=False)
        assert done.returncode != 0, words
        assert any(word in done.stderr.lower() for word in REFUSED), (words, done.stderr)


def test_an_agent_and_the_other_daemon_may_do_nothing_with_it(machine_with_runs: Host) -> None:
    for user in ("pm-agent", "pm-runner-dev"):
        done = machine_with_runs.run(
            "systemctl", "--no-ask-password", "start", OWN, user=user, check=False
        )
        assert any(word in done.stderr.lower() for word in REFUSED), done.stderr


def test_the_daemon_of_dev_comes_to_nothing_of_prod_s(machine: Host) -> None:
    state, runs = "/var/lib/pm-runner/state/prod", "/var/lib/pm-runner/runs/prod"
    knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    machine.run("systemctl", "start", "pm-runner@prod")
    tries: tuple[tuple[str, ...], ...] = (
        ("cat", f"{state}/web.token"),
        ("ls", f"{state}/journal"),
        ("ls", runs),
        ("python3", "-c", knock, "/run/pm-runner/prod/control.sock"),
    )
    for words in tries:
        machine.run(*words, user=DAEMON)
        refused = machine.run(*words, user="pm-runner-dev", check=False)
        assert "Permission denied" in refused.stderr, (words, refused)
    machine.run("systemctl", "stop", "pm-runner@prod")


@pytest.mark.parametrize(
    ("place", "mount"),
    [
        ("/srv/pm-runner/dev", r"srv-pm\x2drunner.mount"),
        ("/opt/pm-runner/dev/src", r"opt-pm\x2drunner-dev-src.mount"),
    ],
)
def test_a_setuid_copy_where_agents_work_makes_nobody_pm_agent(
    machine: Host, place: str, mount: str
) -> None:
    copy = f"{place}/python"
    who = (copy, "-ISc", "import os; print(os.geteuid())")
    machine.run("install", "-o", "pm-agent", "-m", "4755", "/usr/bin/python3", copy)
    agent = machine.run("id", "--user", "pm-agent").stdout
    somebody = machine.run("id", "--user", "games").stdout
    try:
        assert machine.run(*who, user="games").stdout == agent
        machine.run("systemctl", "start", mount)
        assert machine.run(*who, user="games").stdout == somebody
    finally:
        machine.run("systemctl", "stop", mount)
        machine.run("rm", copy)
