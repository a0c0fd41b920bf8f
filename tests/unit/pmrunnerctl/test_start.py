import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pmrunnerctl.conftest import Installed, environment


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_start_returns_once_the_daemon_answers_and_starting_twice_is_once(
    installed: Installed,
) -> None:
    first = installed.ctl("--env", "dev", "start", "--state-dir", "state", "--port", "3999")
    second = installed.ctl("start", "--state-dir", str(installed.state), "--json")

    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert lines[0].startswith("pmrunnerd started: dev, pid ")
    assert lines[1:] == [
        f"socket  {installed.state}/control.sock",
        "web     http://127.0.0.1:3999",
        "next: pmrunnerctl status",
    ]
    assert installed.told() == [
        *("--env", "dev", "--state-dir", str(installed.state), "--port", "3999", "--detach"),
    ]
    overview: dict[str, Any] = json.loads(second.stdout)
    assert lines[0].endswith(str(overview["pid"]))


def test_what_comes_next_is_about_the_daemon_that_was_started(installed: Installed) -> None:
    elsewhere = installed.here / "else where"
    started = installed.ctl("start", "--state-dir", "else where", here=installed.here)
    told = started.stdout.splitlines()[-1].removeprefix("next: ")
    assert told == f"pmrunnerctl --socket '{elsewhere}/control.sock' status"

    refused = installed.ctl("start", "--state-dir", "other", "--", "--fail")
    assert f"--state-dir {installed.here}/other" in refused.stderr

    stopped = installed.ctl("--socket", f"{elsewhere}/control.sock", "stop")
    assert stopped.stdout.splitlines()[-1] == f"next: pmrunnerctl start --state-dir '{elsewhere}'"


def test_a_socket_that_is_named_is_the_one_that_the_daemon_gets(installed: Installed) -> None:
    installed.state.mkdir()
    odd = installed.here / "odd.sock"
    away = installed.ctl("status", "--wait", "0", PMRUNNER_SOCKET=str(odd))
    assert away.stderr.endswith(
        "  hint: pmrunnerctl start\n"
        "  hint: unset PMRUNNER_SOCKET   # if it names one that is not meant\n"
    )

    assert installed.ctl("start", PMRUNNER_SOCKET=str(odd)).returncode == 0
    assert installed.ctl("status", PMRUNNER_SOCKET=str(odd)).returncode == 0
    stopped = installed.ctl("--socket", str(odd), "stop")
    assert stopped.stdout.splitlines()[-1] == (
        f"next: pmrunnerctl --socket {odd} start --state-dir {installed.state}"
    )


def test_what_comes_next_is_about_the_socket_that_was_named_beside_a_state_directory(
    installed: Installed,
) -> None:
    odd = installed.here / "odd.sock"
    started = installed.ctl("--socket", str(odd), "start", "--state-dir", str(installed.state))
    lines = started.stdout.splitlines()
    assert lines[1] == f"socket  {odd}"
    assert lines[-1] == f"next: pmrunnerctl --socket {odd} status"
    assert installed.ctl("--socket", str(odd), "status").returncode == 0


def test_further_options_reach_the_daemon(installed: Installed) -> None:
    installed.ctl("start", "--state-dir", "state", "--", "--runs-slots", "4")

    assert installed.told()[-3:] == ["--runs-slots", "4", "--detach"]


def test_a_daemon_that_does_not_start_is_an_error_with_its_own_words(installed: Installed) -> None:
    refused = installed.ctl("start", "--state-dir", "state", "--", "--fail")

    assert refused.returncode == 8
    assert refused.stdout == ""
    why, hint = refused.stderr.splitlines()
    assert why == "pmrunnerctl: cannot start: it was told not to"
    assert hint.endswith(" --fail   # to see it in the foreground")


def test_with_json_what_a_daemon_says_is_json_too(installed: Installed) -> None:
    refused = installed.ctl("--json", "start", "--state-dir", "state", "--", "--fail")
    assert json.loads(refused.stderr)["message"] == "cannot start: it was told not to"

    started = installed.ctl("--json", "start", "--state-dir", "state")
    assert (started.returncode, started.stderr) == (0, "")
    assert json.loads(started.stdout)["pid"] == installed.pid()


def test_an_option_that_the_daemon_does_not_know_is_a_misuse(installed: Installed) -> None:
    refused = installed.ctl("start", "--state-dir", "state", "--", "--bogus")

    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == (
        "pmrunnerctl: cannot start pmrunnerd: unrecognized arguments: --bogus"
    )


def test_options_that_a_running_daemon_does_not_have_are_refused_with_what_applies_them(
    installed: Installed,
) -> None:
    installed.ctl("start", "--state-dir", "state", "--port", "3999", "--", "--runs-slots", "4")
    pid = installed.pid()
    same = ("start", "--state-dir", "state", "--port", "3999", "--", "--runs-slots", "4")
    assert installed.ctl(*same).returncode == 0
    assert installed.ctl("start", "--", "--runs-slots=4", "--web-port", "3999").returncode == 0

    for options in (["--port", "0"], ["--", "--bogus"]):
        refused = installed.ctl("start", *options)
        assert (refused.returncode, refused.stdout) == (4, "")
        assert f"pmrunnerd (pid {pid}) runs already, without that" in refused.stderr
    other = installed.ctl("start", "--port", "3998")
    hint = other.stderr.splitlines()[1].removeprefix("  hint: ")
    assert hint == ("pmrunnerctl stop --keep-runs; pmrunnerctl start --port 3998 -- --runs-slots 4")

    installed.ctl("stop", "--keep-runs")
    again = installed.ctl("start", "--port", "3998", "--", "--runs-slots", "4")
    assert again.returncode == 0
    assert installed.ctl("start", "--port", "3998").returncode == 0


def test_a_door_that_stayed_closed_stands_out_with_what_opens_it(installed: Installed) -> None:
    started = installed.ctl("start", "--state-dir", "state", "--", "--taken")

    assert started.returncode == 0
    assert "web     CLOSED: it is taken" in started.stdout
    assert started.stderr.splitlines() == [
        "the web door is closed, everything else works",
        "  hint: pmrunnerctl stop --keep-runs; pmrunnerctl start --port 3504 -- --taken",
    ]


def test_a_daemon_comes_back_on_the_port_that_it_had(installed: Installed) -> None:
    installed.ctl("start", "--state-dir", "state", "--port", "3611", "--", "--runs-slots", "4")
    stopped = installed.ctl("stop")

    told = stopped.stdout.splitlines()[-1]
    assert told == "next: pmrunnerctl start --port 3611 -- --runs-slots 4"


def test_where_no_state_directory_is_known_start_asks_for_one(installed: Installed) -> None:
    refused = installed.ctl("start")

    assert refused.returncode == 2
    assert "hint: pmrunnerctl start --state-dir ./state" in refused.stderr


def test_restart_keeps_runs_and_every_option(installed: Installed) -> None:
    odd = installed.here / "odd.sock"
    started = ("start", "--env", "dev", "--state-dir", "state", "--port", "3998")
    installed.ctl(*started, "--", "--runs-slots", "4")
    before = installed.pid()

    restarted = installed.ctl("restart")

    assert restarted.returncode == 0, restarted.stderr
    assert restarted.stdout.startswith("pmrunnerd started again: dev, pid ")
    assert not is_alive(before)
    assert installed.pid() != before
    assert (installed.state / "stopped").read_text() == "true"
    told = installed.told()
    assert told[told.index("--runs-slots") :][:2] == ["--runs-slots", "4"]
    assert told[-7:] == [
        *("--env", "dev", "--state-dir", str(installed.state), "--port", "3998", "--detach"),
    ]
    assert not odd.exists()


SOMEBODY_ELSES = """
import os, sys
from pathlib import Path
from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
os.chdir(sys.argv[1])
os.setgid(65534); os.setuid(65534)
with FakeDaemon(Path("control.sock"), {p.Status: samples.overview(pid=os.getpid())}):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_somebody_elses_daemon_does_not_come_back_as_ours(installed: Installed) -> None:
    installed.state.mkdir()
    os.chown(installed.state, 65534, 65534)
    with subprocess.Popen(
        [sys.executable, "-c", SOMEBODY_ELSES, installed.state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as theirs:
        assert theirs.stdout is not None
        assert theirs.stdout.readline() == b"ready\n"

        refused = installed.ctl("--socket", "state/control.sock", "restart")

        assert theirs.poll() is None
        theirs.communicate()
    assert refused.returncode == 6
    assert "it runs as user 65534, and would come back as 0" in refused.stderr
    assert "hint: sudo -u nobody pmrunnerctl --socket " in refused.stderr


@pytest.mark.parametrize(
    ("word", "hint"), [("prod", "--env prod"), ("./state", "--state-dir ./state")]
)
def test_a_word_after_start_is_no_option_and_starts_nothing(
    installed: Installed, word: str, hint: str
) -> None:
    done = installed.ctl("start", word)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"pmrunnerctl: cannot start {word}: only options may follow\n"
        f"  hint: pmrunnerctl start {hint}\n"
    )
