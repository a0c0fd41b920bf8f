"""Gates that have a host of their own (`runs = "host"`): root in there, and nothing of this machine is theirs."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.everything import some
from tests.system.host import Host
from tests.system.hosttrials import KIND, SECRET, TRIES, HostTrials
from tests.system.limits import must_have_users, must_limit
from tests.system.trials import GATES


@pytest.fixture(scope="module")
def trials(machine: Host) -> HostTrials:
    must_have_users(machine)
    return HostTrials(machine, "dev")


# Those that differ most come first.
ENDS = [
    ("echo 1000 passed; kill -KILL 1; exit 3", "3"),
    ("systemctl poweroff; sleep 1000", "253"),
    ("kill -TERM $PPID; sleep 1000", "253"),
    ("systemctl --force exit 0; sleep 1000", "253"),
    ("kill -KILL $PPID; sleep 1000", "255"),
    ("systemctl reboot; sleep 1000", "253"),
    ("systemctl stop gate; sleep 1000", "253"),
    ("systemctl exit 0; sleep 1000", "253"),
    ("poweroff --force --force; sleep 1000", "253"),
    ("kill -KILL -1; sleep 1000", "255"),
    ("true", "0"),
]


def test_how_it_ended_is_how_its_command_did_and_none_that_ends_its_host_early_has_passed(
    trials: HostTrials,
) -> None:
    statuses = dict(some(ENDS, 3))
    for record, (command, status) in zip(trials.all(*statuses), statuses.items(), strict=True):
        assert (record["code"], record["status"]) == ("exited", status), trials.log(record)
        assert record["by"] == "pm-runner-gatehost"
        assert record["altered"] == []
        assert record["used"]["cpu_seconds"] > 0.1
        said = trials.log(record)
        assert ("1000 passed" in said) == ("passed" in command)
        assert ("ended before the command" in said) == (status == "253"), said


def test_it_is_root_of_a_systemd_with_its_own_copies_and_a_machine_s_programs(
    trials: HostTrials,
) -> None:
    record = trials.try_(
        """\
        systemctl is-system-running --wait || systemctl --failed
        test -e /run/pm-runner-gate-host; echo "$(whoami) $(cat /proc/1/comm) $(systemd-detect-virt)"
        systemd-run --quiet --wait --pipe -p DynamicUser=yes -p PrivateNetwork=yes -p ProtectSystem=strict id -un
        bwrap --ro-bind / / --unshare-all --proc /proc true
        pwd; cat hello.txt "$PMRUNNER_BUILT/main.py"; echo "{$PMRUNNER_PREPARED} $HOME $CI"
        echo more > more.txt; touch "$HOME/a" /tmp/b /var/c /etc/d; mkdir out; echo '<testsuite/>' > out/junit.xml
        """,
        build=trials.tree(main_py="print(1)"),
        tests="out/junit.xml",
    )
    said = trials.log(record)
    assert record["status"] == "0", said
    assert said.split("\n", 1)[0] == "running"
    assert "root systemd systemd-nspawn\nrun-u" in said
    assert "/run/gate/source\nhelloprint(1){} /run/gate/home true" in said
    counts = f"{GATES}/dev/{record['name']}/junit.xml"
    assert trials.machine.run("cat", counts).stdout == "<testsuite/>\n"


@pytest.fixture
def secrets(machine: Host) -> Iterator[None]:
    """What only root of the machine reads, wherever something like it is."""
    places = "/etc/shadow", "/var/lib/pm-runner/state/prod/secret", "/etc/pm-runner/secret"
    for place in places:
        machine.run("sh", "-c", f"echo '{SECRET}:*:::::::' >> {place}; chmod o-r {place}")
    closed = "/usr/local/closed"
    machine.run("sh", "-c", f"mkdir -m 0700 {closed}; echo {SECRET} > {closed}/open")
    yield
    machine.run("sed", "-i", f"/{SECRET}/d", places[0])
    machine.run("rm", "-r", *places[1:], closed)


@pytest.mark.usefixtures("secrets")
def test_root_of_a_host_gets_nothing_of_the_machine(machine: Host, trials: HostTrials) -> None:
    machine.run("systemctl", "start", "pm-runner@prod")
    knock = "exec 3<>/dev/tcp/127.0.0.1/3502"
    machine.wait(lambda: machine.run("bash", "-c", knock, check=False).returncode == 0)
    machine.run("ls", "/run/pm-runner/prod/control.sock")
    place = f"/var/lib/pm-runner/prepared/dev/{(prepared := 'a' * 64)}"
    machine.run("sh", "-c", f"mkdir {place}; echo a tool > {place}/tool")
    programs = ("sha256sum", "/usr/bin/env", "/usr/bin/passwd")
    before = machine.run(*programs).stdout
    record = trials.try_(TRIES, build=trials.tree(main_py="1"), prepared=prepared)
    said = trials.log(record)
    assert record["status"] == "0", said
    assert "tried" in said
    assert "OUT" not in said, said
    assert "NO" not in said, said
    assert machine.run(*programs).stdout == before
    assert not (machine.root / "usr/made-by-a-gate").exists()


# As small as a package can be: it says what it did, and has one file.
PACKAGE: Final = """\
mkdir -p cake/DEBIAN cake/usr/bin
printf '#!/bin/sh\necho it is baked\n' > cake/usr/bin/bake
printf 'Package: cake\nVersion: 1\nArchitecture: all\nMaintainer: a <a@localhost>\nDescription: cake\n' > cake/DEBIAN/control
printf '#!/bin/sh\nsystemctl daemon-reload\n' > cake/DEBIAN/postinst
chmod 755 cake/usr/bin/bake cake/DEBIAN/postinst
dpkg-deb --root-owner-group --build cake /tmp/cake.deb; rm -r cake
"""


def test_packages_are_installed_and_removed_in_there_and_the_machine_has_none_of_it(
    machine: Host, trials: HostTrials
) -> None:
    record = trials.try_(
        PACKAGE
        + """\
        apt-get install --yes /tmp/cake.deb; bake; dpkg -l cake; dpkg --verify cake
        ! dpkg -l pm-runner | grep ^ii || dpkg --purge pm-runner
        dpkg --purge cake; ! bake; ! test -e /usr/lib/pm-runner/launch
        """
    )
    said = trials.log(record)
    assert record["status"] == "0", said
    assert "it is baked" in said
    assert "Purging configuration files for pm-runner" in said
    assert machine.run("dpkg", "-l", "cake", check=False).returncode == 1
    assert machine.run("ls", "/usr/lib/pm-runner/launch").stdout


def test_nothing_of_it_outlives_it_and_it_leaves_nothing(trials: HostTrials) -> None:
    lasting = "trap '' TERM HUP INT; exec -a lasting sleep 12345"
    ended = trials.make(
        f'(setsid bash -c "{lasting}" & (setsid bash -c "{lasting}" &)); disown -a; systemd-run sleep 12345; exit 5'
    )
    killed = trials.make(f'echo up; (setsid bash -c "{lasting}" &); {lasting}')
    late = trials.make(f'(setsid bash -c "{lasting}" &); {lasting}', timeout=6)
    for name in (ended, killed, late):
        trials.start(name)
    trials.says(killed, "up")
    assert "launch gate gatehost" in trials.left()
    words = ("systemctl", "--no-ask-password", "stop", trials.unit(killed, KIND))
    trials.machine.run(*words, user=trials.daemon)
    record = trials.record(killed)
    assert (record["code"], record["status"]) == ("killed", "KILL")
    assert (record := trials.record(ended))["status"] == "5", trials.log(record)
    assert trials.record(late)["status"] == "251"
    assert "longer than 6 s" in trials.told(late)
    trials.machine.wait(lambda: trials.left() == "")
    assert trials.machine.run("pgrep", "-f", "12345", check=False).stdout == ""


def test_its_limits_are_of_all_that_is_in_there(trials: HostTrials) -> None:
    must_limit(trials.machine, "memory")
    # Few enough to do no harm where they are not kept.
    forks = "import os, signal\nfor _ in range(500):\n    os.fork() or signal.pause()"
    memory = trials.make("head -c 400M /dev/zero > /tmp/x")
    others = trials.make(
        f'! head -c 200M /dev/zero > /var/x; rm /var/x; python3 -c "{forks}"', timeout=100
    )
    trials.more(memory, "MemoryMax=200M", "MemorySwapMax=0")
    room = "/var/lib/pm-runner/work:size=96M"
    trials.more(others, "TasksMax=100", "TemporaryFileSystem=", f"TemporaryFileSystem={room}")
    for name in (memory, others):
        trials.start(name)
    record = trials.record(memory)
    assert record["status"] != "0"
    assert record["result"] == "oom-kill" or record["used"]["memory_kills"]
    record = trials.record(others)
    assert record["status"] == "1"
    assert "No space left" in trials.log(record)
    assert "Resource temporarily unavailable" in trials.log(record)


LINKS = [
    ("mv ../source ../was; ln -s /etc ../source", "shadow"),
    ("mkdir out; ln -s /etc/shadow out/junit.xml", "out/junit.xml"),
    ("ln -s /etc out", "out/shadow"),
    ("mkdir out; mkfifo out/junit.xml", "out/junit.xml"),
]


def test_its_counts_are_taken_through_no_link(trials: HostTrials) -> None:
    """Out here, `/etc/shadow` is the machine's: root could read it."""
    names = []
    for command, tests in some(LINKS, 2):
        names.append(trials.make(command, tests=tests))
        trials.start(names[-1])
    for name in names:
        assert trials.record(name)["status"] == "0", name
        file = trials.machine.root / f"{GATES}/dev/{name}/junit.xml".lstrip("/")
        assert file.stat().st_size == 0, name


def test_what_its_daemon_made_leads_root_nowhere(trials: HostTrials) -> None:
    def as_daemon(script: str) -> None:
        trials.machine.run("sh", "-c", f"cd {GATES}/dev; {script}", user=trials.daemon)

    linked, kept = trials.make("echo hello"), trials.make("echo hello")
    as_daemon(f"cd {linked}; rm log told.json; ln -s /etc/issue log; ln -s /etc/issue told.json")
    # What the gates' group may not write: root could.
    as_daemon(f"cd {kept}; chmod 600 log told.json; echo mine | tee log told.json")
    before = trials.machine.run("cat", "/etc/issue").stdout
    for name in (linked, kept):
        trials.start(name)
    assert [trials.record(name)["status"] for name in (linked, kept)] == ["250", "250"]
    assert trials.machine.run("cat", "/etc/issue").stdout == before
    said = trials.machine.run("cat", f"{GATES}/dev/{kept}/log", f"{GATES}/dev/{kept}/told.json")
    assert said.stdout == "mine\nmine\n"


def test_a_host_is_for_gates_that_declare_one(trials: HostTrials) -> None:
    for host, kind, network in ((True, "gate", False), (False, KIND, False), (True, KIND, True)):
        trials.start(name := trials.make("true", host=host, network=network), kind)
        record: dict[str, Any] = trials.record(name)
        assert record["status"] == "250", (host, kind)


def test_where_nothing_can_boot_one_it_is_said_what_is_missing(trials: HostTrials) -> None:
    move: Callable[..., object] = trials.machine.run
    move("mv", "/usr/bin/systemd-nspawn", "/usr/bin/elsewhere")
    try:
        trials.start(name := trials.make("true"))
        assert trials.record(name)["status"] == "250"
    finally:
        move("mv", "/usr/bin/elsewhere", "/usr/bin/systemd-nspawn")
    assert "sudo apt-get install systemd-container" in trials.told(name)
