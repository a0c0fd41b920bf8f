"""The units of a daemon, in the real systemd: how it is started, sealed, stopped, and told of changes."""

import re
import sys

import pytest

from tests.house.tree import ROOT
from tests.system.host import Host
from tests.system.prod import CONFIGURATION, PROD, SOCKETS, put_to_rest, shown

# A browser that comes again by itself, as an event stream does, and says when it was let in.
BROWSER = """
import socket, sys, time
while True:
    try:
        with socket.create_connection(("127.0.0.1", 3502), 5) as page:
            page.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
            while page.recv(4096):
                pass
    except OSError:
        time.sleep(0.01)
"""


@pytest.fixture
def prod(machine: Host) -> Host:
    """A machine on which prod is stopped, and was never in trouble."""
    return put_to_rest(machine)


def test_a_daemon_that_is_stopped_stays_so_while_a_browser_comes_again_and_again(
    prod: Host,
) -> None:
    prod.run("systemctl", "start", PROD)
    prod.run("systemd-run", "--unit=browser", "/usr/bin/python3", "-c", BROWSER)
    try:
        prod.run("systemctl", "stop", PROD)
        prod.wait(lambda: all(shown(prod, unit, "ActiveState") == "inactive" for unit in SOCKETS))
        assert shown(prod, PROD, "ActiveState") == "inactive"
        assert not list((prod.root / "run/pm-runner/prod").iterdir())
        prod.run("systemctl", "start", PROD)
        assert shown(prod, SOCKETS[2], "ActiveState") == "active"
    finally:
        prod.run("systemctl", "stop", "browser")


def test_a_configuration_that_cannot_be_used_is_tried_only_by_whoever_mends_it(prod: Host) -> None:
    file = prod.root / CONFIGURATION
    file.write_text("[web]\nprot = 1\n")
    prod.run("systemd-run", "--unit=browser", "/usr/bin/python3", "-c", BROWSER)
    try:
        for _ in range(6):  # more than StartLimitBurst
            assert prod.run("systemctl", "start", PROD, check=False).returncode != 0
        prod.wait(lambda: all(shown(prod, unit, "ActiveState") == "inactive" for unit in SOCKETS))
        assert shown(prod, PROD, "ActiveState") == "failed"
        assert shown(prod, PROD, "Result") == "exit-code"
        assert shown(prod, PROD, "ExecMainStatus") == "78"
        prod.run("systemctl", "start", *SOCKETS)  # the browser has it started once more
        prod.wait(lambda: all(shown(prod, unit, "ActiveState") == "inactive" for unit in SOCKETS))
        file.unlink()
        prod.run("systemctl", "start", PROD)
        assert {shown(prod, unit, "ActiveState") for unit in SOCKETS} == {"active"}
    finally:
        prod.run("systemctl", "stop", "browser")


def test_a_restart_is_no_stop_and_leaves_the_sockets_open(prod: Host) -> None:
    prod.run("systemctl", "start", PROD)
    first = shown(prod, PROD, "MainPID")
    socket = (prod.root / "run/pm-runner/prod/control.sock").stat().st_ino
    prod.run("systemctl", "restart", PROD)
    assert shown(prod, PROD, "MainPID") != first
    assert (prod.root / "run/pm-runner/prod/control.sock").stat().st_ino == socket
    left = prod.journal("--unit", PROD, "PMRUNNER_EVENT=leaving")
    assert "to stop" not in left[-1]["PMRUNNER_WHY"]


def test_restarts_under_load_lose_no_request_by_either_door(prod: Host) -> None:
    prod.run("systemctl", "start", PROD)
    words = ("--unit=prod", "--restarts=3", "--requests=500")
    python = (sys.executable, "-P", "-m", "tests.bench.restarts")
    # It fails, too, where a daemon with sockets of its own loses none: then nobody looked.
    said = prod.run(*python, *words, env={"PYTHONPATH": str(ROOT)}).stdout
    assert re.search(r"held sockets: [1-9]\d+ answered, 0 failed", said)


def test_it_is_restarted_by_whoever_restarts_it_often(prod: Host) -> None:
    prod.run("systemctl", "start", PROD)
    for _ in range(5):  # with the one before, more than StartLimitBurst
        prod.run("pmrunnerctl", "restart")
    assert shown(prod, PROD, "ActiveState") == "active"


def test_a_reload_looks_first_and_a_written_file_is_noticed(prod: Host) -> None:
    prod.run("systemctl", "start", PROD)
    file = prod.root / CONFIGURATION
    file.write_text("[runs]\nslots = 0\n")
    assert prod.run("systemctl", "reload", PROD, check=False).returncode != 0
    said = [entry["MESSAGE"] for entry in prod.journal("--unit", PROD)]
    assert any(re.search(r"cannot use setting runs\.slots = 0", line) for line in said)
    prod.wait(lambda: "runs.slots" in shown(prod, PROD, "StatusText"))
    file.write_text("[runs]\nslots = 7\n[store]\ncheckpoint = 9\n")
    prod.wait(
        lambda: "restart needed for store.checkpoint" in prod.run("pmrunnerctl", "status").stdout
    )
    assert "0 of at most 7" in prod.run("pmrunnerctl", "status").stdout
    prod.run("systemctl", "reload", PROD)


def systemd(host: Host) -> int:
    """Return the version of its systemd."""
    return int(host.run("systemctl", "--version").stdout.split()[1])


def test_a_reader_comes_by_the_socket_for_readers_and_does_no_more(prod: Host) -> None:
    prod.run("systemctl", "start", PROD)
    reader = prod.user("rita", ["pm-runner-read"])
    try:
        assert "pm-runner prod" in prod.run("pmrunnerctl", "status", user=reader).stdout
        refused = prod.run("pmrunnerctl", "drain", user=reader, check=False)
        assert "rita may read, not operate" in refused.stderr
    finally:
        prod.run("userdel", "--remove", reader)


@pytest.mark.parametrize(
    ("unit", "known"),
    [
        (PROD, {0: 1.0}),
        ("pm-runner-backup@prod.service", {0: 1.0}),
        # From which version of systemd on no more can be had, and why, says the page of systemd/.
        ("pm-runner-run@prod-r1.service", {0: 2.5, 254: 2.8, 257: 2.6}),
        ("pm-runner-notify@prod-1.service", {0: 2.5}),
    ],
    ids=("daemon", "backup", "run", "notify"),
)
def test_a_unit_is_sealed_as_far_as_it_can_be(
    prod: Host, unit: str, known: dict[int, float]
) -> None:
    most = known[max(since for since in known if since <= systemd(prod))]
    said = prod.run("systemd-analyze", "security", "--no-pager", unit, check=False).stdout
    level = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert level is not None, said
    assert float(level[1]) <= most, said


def test_a_backup_is_kept_and_one_that_fails_is_in_the_inbox(prod: Host) -> None:
    backup = "pm-runner-backup@prod.service"
    kept = prod.root / "var/lib/pm-runner/backup/prod"
    prod.run("systemctl", "start", PROD)
    prod.run("systemctl", "start", backup)
    (archive,) = kept.glob("pm-runner-*.tar.gz")
    assert archive.stat().st_mode & 0o777 == 0o600
    assert "nothing waits" in prod.run("pmrunnerctl", "inbox").stdout
    prod.run(
        "mount", "-t", "tmpfs", "-o", "size=4k,mode=0755", "tmpfs", "/var/lib/pm-runner/backup/prod"
    )
    try:
        prod.run(
            "sh", "-c", "! dd if=/dev/zero of=/var/lib/pm-runner/backup/prod/full bs=1k count=9"
        )
        assert prod.run("systemctl", "start", backup, check=False).returncode != 0
        assert "was not backed up" in prod.run("pmrunnerctl", "inbox").stdout
    finally:
        prod.run("umount", "/var/lib/pm-runner/backup/prod")
    prod.run("systemctl", "reset-failed", backup)
    prod.run("systemctl", "start", backup)
    assert "nothing waits" in prod.run("pmrunnerctl", "inbox").stdout
    timer = "pm-runner-backup@prod.timer"
    prod.run("systemctl", "start", timer)
    try:
        assert shown(prod, timer, "Unit") == backup
        assert shown(prod, timer, "NextElapseUSecRealtime") != ""
    finally:
        prod.run("systemctl", "stop", timer)


def test_another_environment_has_a_user_and_a_port_of_its_own(prod: Host) -> None:
    prod.run("pmrunnerctl", "env", "add", "try", "--port", "3510")
    taken = prod.run("pmrunnerctl", "env", "add", "more", "--port", "3510", check=False)
    assert "try has port 3510" in taken.stderr
    assert (
        "try is there already"
        in prod.run("pmrunnerctl", "env", "add", "try", "--port", "3510").stdout
    )
    prod.run("systemctl", "start", "pm-runner@try")
    try:
        said = prod.run("pmrunnerctl", "--env", "try", "status").stdout
        assert "http://127.0.0.1:3510" in said
        rows = prod.run("pmrunnerctl", "env", "list").stdout.splitlines()
        (row,) = (line.split() for line in rows if line.startswith("try"))
        assert row[1:3] == ["active", "3510"]
        assert shown(prod, "pm-runner@try", "User") == "pm-runner-try"
        state = prod.root / "var/lib/pm-runner/state"
        assert (state / "try").stat().st_uid != (state / "prod").stat().st_uid
        moved = prod.run("pmrunnerctl", "env", "add", "try", "--port", "3511").stdout
        said = moved.partition("next: ")[2].replace("sudo ", "")
        assert "stop" in said, moved
        prod.run("sh", "-ec", said)
        assert "127.0.0.1:3511" in prod.run("pmrunnerctl", "--env", "try", "status").stdout
    finally:
        prod.run("systemctl", "stop", "pm-runner@try")
