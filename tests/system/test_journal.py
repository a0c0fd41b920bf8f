"""The journal of a host with the package: whose story each entry is, what explains it, what is not in it."""

import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from pmrunnerd.model.catalog import MESSAGE_IDS
from tests.system.ground import DAEMON, Ground
from tests.system.host import Host

SESAME: Final = "sesame-open-9173"
ASKS: Final = f'echo {SESAME}; pm-ask "Is {SESAME} right?" yes no'
# It damages its repository: git can keep nothing, and its run host says so.
LEAVES: Final = (
    f"echo {SESAME} > file; find .git/objects -type f -delete; echo {SESAME} >&2; exit 3"
)
# Anybody on the machine may come so far.
KNOCKING: Final = """
import http.client
for _ in range(600):
    caller = http.client.HTTPConnection("127.0.0.1", 3502)
    caller.request("GET", "/api/v1/status")
    caller.getresponse().read()
    caller.close()
"""
TOKEN: Final = f"sk-ant-oat01-{SESAME}{'x' * 60}"
JOURNALD: Final = tuple(
    f"systemd-journald{kind}" for kind in (".service", ".socket", "-dev-log.socket")
)


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()


@pytest.fixture(scope="module")
def tasks(ground: Ground) -> Iterator[dict[str, str]]:
    """A task that asked, was answered and is complete, and one that failed; by their projects."""
    ground.ctl("agent", "login", input=TOKEN)
    asks, leaves = ground.project("asks"), ground.project("leaves")
    asked, failed = ground.say(asks, ASKS), ground.say(leaves, LEAVES)
    ground.ended(asked)
    (waiting,) = (one for one in ground.ctl("inbox")["items"] if one["kind"] == "question")
    ground.ctl("answer", waiting["id"], f"no, {SESAME}")
    ground.ended(ground.another(asks, asked))
    ground.ended(failed)
    found = {row["alias"]: row["run"]["task"] for row in ground.rows()}
    yield found
    ground.ctl("agent", "logout")


def test_what_became_of_a_task_is_read_by_its_name(ground: Ground, tasks: dict[str, str]) -> None:
    task = tasks["asks"]
    told = [one["PMRUNNER_EVENT"] for one in ground.machine.journal(f"PMRUNNER_TASK={task}")]

    assert told[0] == "plan-drafted"
    began = ["run-started", "run-began", "run-ended"]
    assert told[1:4] == began
    assert told[4:7] == ["task-asked", "question-answered", "task-answered"]
    assert told[-1] == "task-completed"
    said = ground.machine.run("pmrunnerctl", "logs", "--task", task, "-n", "100").stdout
    assert [line.split()[5] for line in said.splitlines() if "pmrunnerd[" in line] == told


def test_the_story_of_a_task_is_followed_until_nobody_reads_it(
    ground: Ground, tasks: dict[str, str]
) -> None:
    follow = ground.machine.command("pmrunnerctl", "logs", "--task", tasks["asks"], "-f")
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert next(line for line in following.stdout if "task-completed" in line)
        following.stdout.close()
        following.wait(60)


def test_an_entry_says_of_what_release_environment_and_project_it_is(
    ground: Ground, tasks: dict[str, str]
) -> None:
    failed = ground.machine.journal("PMRUNNER_EVENT=task-failed", "PMRUNNER_PROJECT=leaves")[-1]

    assert failed["PMRUNNER_TASK"] == tasks["leaves"]
    assert failed["PMRUNNER_ENV"] == "prod"
    assert failed["PMRUNNER_RELEASE"] == ground.ctl("status")["release"]
    assert failed["PRIORITY"] == "4"
    assert failed["SYSLOG_IDENTIFIER"] == "pmrunnerd"
    assert failed["MESSAGE_ID"] == MESSAGE_IDS["task-failed"]
    assert failed["_SYSTEMD_UNIT"] == DAEMON


def test_what_a_run_host_says_is_in_the_story_of_its_task(
    ground: Ground, tasks: dict[str, str]
) -> None:
    task = tasks["leaves"]
    told = ground.machine.journal(f"PMRUNNER_TASK={task}", "SYSLOG_IDENTIFIER=pm-runner-run")
    assert told, ground.machine.run("pmrunnerctl", "run", "show", ground.rows()[0]["run"]["id"])
    said = told[-1]

    assert said["PMRUNNER_PROJECT"] == "leaves"
    assert said["_SYSTEMD_UNIT"] == f"pm-runner-run@prod-{said['PMRUNNER_RUN']}.service"
    shown = ground.machine.run("pmrunnerctl", "logs", "--task", task, "-p", "warning").stdout
    assert said["MESSAGE"] in shown


def test_an_entry_is_explained_with_what_to_type_next(
    ground: Ground, tasks: dict[str, str]
) -> None:
    task = tasks["leaves"]
    ground.machine.run("journalctl", "--update-catalog")
    known = ground.machine.run("journalctl", "--list-catalog").stdout
    assert set(MESSAGE_IDS.values()) <= {line.split()[0] for line in known.splitlines()}

    said = ground.machine.run("journalctl", "-x", "-u", DAEMON, f"PMRUNNER_TASK={task}").stdout
    assert f"Subject: Task {task} has failed\n" in said
    assert "exit status 3. What its run changed is kept aside" in " ".join(
        said.replace("░░", "").split()
    )
    assert f"  pmrunnerctl --env prod task retry {task}\n" in said


def test_nobody_s_words_and_no_login_are_in_it(ground: Ground, tasks: dict[str, str]) -> None:
    state = ("grep", "-rlF", SESAME, "/var/lib/pm-runner")
    assert len(ground.machine.run(*state).stdout.splitlines()) > 2, "it was said, and is kept"
    ground.machine.run("journalctl", "--sync")
    said = ("sh", "-c", f"journalctl -o export | grep -cF {SESAME}")
    assert ground.machine.run(*said, check=False).stdout == "0\n"


def test_a_journal_that_is_killed_and_masked_costs_lines_which_are_counted(ground: Ground) -> None:
    pid = ground.show(DAEMON, "MainPID")
    ground.machine.run("systemctl", "mask", "--runtime", "--now", *JOURNALD)
    try:
        ground.machine.run("pkill", "-KILL", "-x", "systemd-journal", check=False)
        for _ in range(3):
            ground.ctl("chat", "send", ground.rows()[0]["alias"], "true")
        assert ground.ctl("status")["environment"] == "prod"
    finally:
        ground.machine.run("systemctl", "unmask", "--runtime", *JOURNALD)
        ground.machine.run("systemctl", "start", *JOURNALD)
    since = ground.ctl("status")["durable"]
    ground.ctl("chat", "send", ground.rows()[0]["alias"], "true")
    ground.machine.wait(lambda: ground.machine.journal(f"PMRUNNER_COMMIT={since + 1}"))

    dropped = ground.machine.journal("PMRUNNER_EVENT=lines-dropped")[-1]
    assert int(dropped["PMRUNNER_COUNT"]) >= 3
    assert ground.show(DAEMON, "MainPID", "NRestarts") == [*pid, "0"]


def test_who_is_refused_again_and_again_hides_nothing_that_is_said_after(ground: Ground) -> None:
    ground.machine.run("/usr/bin/python3", "-c", KNOCKING)
    since = ground.ctl("status")["durable"]
    ground.ctl("chat", "send", ground.rows()[0]["alias"], "true")
    ground.machine.wait(lambda: ground.machine.journal(f"PMRUNNER_COMMIT={since + 1}"))

    refused = ground.machine.journal("PMRUNNER_EVENT=request-refused", "PMRUNNER_DOOR=web")
    assert 50 <= len(refused) < 600
    assert ground.show(DAEMON, "LogRateLimitIntervalUSec") == ["0"]


def test_a_journal_whose_disk_is_full_stops_nothing(ground: Ground) -> None:
    pid = ground.show(DAEMON, "MainPID")
    small = ("mount", "-t", "tmpfs", "-o", "size=64k,mode=2755", "tmpfs", "/var/log/journal")
    ground.machine.run("journalctl", "--sync")
    # Not everybody keeps it on a disk.
    ground.machine.run("mkdir", "-p", small[-1])
    ground.machine.run(*small)
    try:
        ground.machine.run("systemctl", "restart", *JOURNALD[:1])
        ground.machine.run("sh", "-c", "! dd if=/dev/zero of=/var/log/journal/full bs=1k count=99")
        for _ in range(3):
            ground.ctl("chat", "send", ground.rows()[0]["alias"], "true")
        assert ground.ctl("status")["environment"] == "prod"
        assert ground.show(DAEMON, "MainPID", "NRestarts") == [*pid, "0"]
    finally:
        ground.machine.run("umount", "--lazy", "/var/log/journal")
        ground.machine.run("systemctl", "restart", *JOURNALD[:1])
