"""`logs` where systemd runs the daemon: real processes, and a journalctl that is one of ours."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

import pytest

from pmrunnerctl.exits import Exit
from tests.integration.client.machine import PRIVATE, SOON, Machine
from tests.integration.daemon import Daemon
from tests.integration.test_bad_input_socket import AS_A_STRANGER


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    may = [*PRIVATE, "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(may, check=False).returncode:
        pytest.skip("no mount namespace may be made here")
    return Machine(tmp_path)


def test_the_journal_of_the_unit_is_shown_as_journalctl_says_it(machine: Machine) -> None:
    assert machine.run("logs", "-n", "2") == (0, "second\nthird\n", "")
    assert machine.asked() == ["--no-pager", "--lines=2", "--unit=pm-runner@prod.service"]


def test_with_json_each_line_of_the_journal_is_one_of_json(machine: Machine) -> None:
    told = b'{"MESSAGE":[99,97,102,233],"PMRUNNER_TASK":"t7","PRIORITY":"4"}\n'
    machine.journal.write_bytes(told + b"caf\xe9\n\x1b[1mlast\n")
    status, out, err = machine.run("logs", "--json")

    assert (status, err) == (0, "")
    entry, *lines = (json.loads(line) for line in out.splitlines())
    assert (entry["message"], entry["priority"]) == ("caf\ufffd", 4)
    assert entry["fields"] == {"PMRUNNER_TASK": "t7"}
    assert lines == [{"line": "caf\ufffd"}, {"line": "\x1b[1mlast"}]
    assert {"--quiet", "--output=json", "--all"} <= set(machine.asked())


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["people", "json"])
def test_ctrl_c_ends_the_watching_and_nothing_is_left(
    machine: Machine, words: tuple[str, ...]
) -> None:
    keyboard, terminal = os.openpty()
    typed = ("--env", "prod", *words, "logs", "-f")
    with machine.typed(*typed, terminal=terminal) as running:
        os.close(terminal)
        shown = b""
        while b"third" not in shown:
            shown += os.read(keyboard, 4096)
        os.write(keyboard, b"\x03")
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(keyboard, 4096):
                shown += chunk
        os.close(keyboard)
        assert running.wait(SOON) == Exit.INTERRUPTED

    assert b"stopped watching; the daemon goes on" in shown
    assert b"cannot" not in shown
    assert "--follow" in machine.asked()
    assert not machine.is_left()


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["people", "json"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_the_client_alone_ends_journalctl_with_it(
    machine: Machine, number: signal.Signals, words: tuple[str, ...]
) -> None:
    with machine.typed("--env", "prod", *words, "logs", "-f") as running:
        assert running.stdout is not None
        for _ in range(3):
            running.stdout.readline()
        running.send_signal(number)
        running.communicate(timeout=SOON)

    assert running.returncode == (Exit.INTERRUPTED if number == signal.SIGINT else -number)
    assert not machine.is_left()


# A client to which a signal comes when journalctl is there already, and it does not know that yet.
TOO_EARLY: Final = """
import os, subprocess
class Slow(subprocess.Popen):
    def __init__(self, words, **how):
        super().__init__(words, **how)
        if words[0] == "journalctl":
            os.kill(os.getpid(), {})
subprocess.Popen = Slow
from pmrunnerctl.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_journalctl_is_started_ends_both(
    machine: Machine, number: signal.Signals
) -> None:
    program = ("-c", TOO_EARLY.format(int(number)))
    with machine.typed("--env", "prod", "logs", "-f", program=program) as running:
        running.communicate(timeout=SOON)

    assert running.returncode == (Exit.INTERRUPTED if number == signal.SIGINT else -number)
    left = Path(f"{machine.journal}.pid")
    assert not left.exists() or not machine.is_left()


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["people", "json"])
def test_a_reader_of_the_journal_that_has_gone_is_no_complaint(
    machine: Machine, words: tuple[str, ...]
) -> None:
    machine.journal.write_text("a line\n" * 50_000)
    with machine.typed("--env", "prod", *words, "logs", "-n", "50000") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(SOON) == Exit.BROKEN_PIPE

    assert not machine.is_left()


def test_a_machine_without_journalctl_is_told_so_and_is_no_bug(machine: Machine) -> None:
    (machine.fakes / "journalctl").unlink()
    alone = "import os; os.environ['PATH'] = '/run/fakes'; from pmrunnerctl.__main__ import main; main()"
    with machine.typed("-c", alone, "--env", "prod", "logs", program=()) as running:
        _, err = running.communicate(timeout=60)

    assert running.returncode == Exit.NOT_FOUND, err
    assert "cannot show the log of pm-runner@prod.service: there is no journalctl" in err


def test_a_journalctl_that_says_no_is_heard_and_its_status_told(machine: Machine) -> None:
    Path(f"{machine.journal}.refuse").write_text("1\n")
    status, out, err = machine.run("logs")

    assert (status, out) == (Exit.ENDED_BADLY, "")
    hint, why, what_to_do = err.splitlines()
    assert hint.startswith("Hint: You are currently not seeing")
    assert why.endswith("pm-runner@prod.service: journalctl ended with status 1")
    assert what_to_do == "  hint: sudo journalctl -u pm-runner@prod.service"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_may_not_read_the_journal_is_told_so_instead_of_shown_nothing(machine: Machine) -> None:
    with machine.typed("-c", AS_A_STRANGER, "--env", "prod", "logs", program=()) as running:
        out, err = running.communicate(timeout=60)

    assert (running.returncode, out) == (Exit.FORBIDDEN, ""), err
    assert "you may not read the journal of this machine" in err
    assert "hint: sudo usermod -aG systemd-journal" in err


@pytest.mark.parametrize("by_systemd", [True, False], ids=["by systemd", "by hand"])
def test_a_daemon_that_answers_says_whether_its_words_are_in_the_journal(
    machine: Machine, by_systemd: bool
) -> None:
    # systemd has the template of the unit, and so a unit of any name.
    with Daemon(machine.home / "state") as daemon:
        (daemon.state / "pmrunnerd.log").write_text("by hand\n")
        words = ("--env", "test", "--socket", str(daemon.socket), "logs", "-n", "1")
        with machine.typed(*words, main_pid=daemon.pid if by_systemd else 1) as running:
            out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert out == ("third\n" if by_systemd else "by hand\n")


def test_an_installed_socket_is_enough_to_name_the_journal(machine: Machine) -> None:
    with machine.typed("--socket", "/run/pm-runner/prod/control.sock", "logs") as running:
        assert running.communicate(timeout=60) == ("first\nsecond\nthird\n", "")

    assert "--unit=pm-runner@prod.service" in machine.asked()
