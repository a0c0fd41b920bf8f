import json
import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from pmrunnerctl.exits import BY_CODE
from pmrunnerd.model import frames
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import SILENCE, FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, environment, program

LINE = v.LogLine(cursor=9, progress=pr.Output(at="", stream="stdout", text="hello\n"))


@pytest.mark.parametrize("code", Code)
def test_every_code_of_the_daemon_ends_with_its_status(
    ctl: Ctl, daemon: FakeDaemon, code: Code
) -> None:
    daemon.answers[p.TaskRetry] = frames.Failed(
        call=0, code=code, message="cannot retry t1: no", hint="pmrunnerctl task list"
    )

    assert ctl("task", "retry", "t1") == (
        int(BY_CODE[code]),
        "",
        "pmrunnerctl: cannot retry t1: no\n  hint: pmrunnerctl task list\n",
    )


def test_with_json_errors_are_json_wherever_they_come_from(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.TaskRetry] = frames.Failed(call=0, code=Code.ILLEGAL, message="no")
    from_daemon, from_us = ctl("task", "retry", "t1", "--json"), ctl("nonsense", "--json")

    assert json.loads(from_daemon.err)["code"] == "illegal"
    assert json.loads(from_us.err)["code"] == "usage"
    assert (from_daemon.out, from_us.out) == ("", "")


def test_an_unexpected_error_is_called_a_bug_and_shows_no_traceback(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PlanShow] = p.Done(id="x")  # no plan: and not what the client can read
    refused = ctl("plan", "show", "p1")
    assert refused.status == 5
    assert "cannot understand what answers" in refused.err

    # A reply that can be read and makes no sense: an outcome of more than all time.
    daemon.answers[p.RunShow] = lambda _: samples.run_view(
        samples.run(at="0001-01-01T00:00:00+14:00")
    )
    broken = ctl("run", "show", "r1")
    assert broken.status == 1
    assert "this is a bug in pmrunnerctl (OverflowError" in broken.err
    assert "Traceback" not in broken.err
    assert "PMRUNNER_DEBUG=1" in broken.err


def test_who_wants_the_traceback_gets_it(daemon: FakeDaemon) -> None:
    daemon.answers[p.RunShow] = samples.run_view(samples.run(at="0001-01-01T00:00:00+14:00"))
    with program("--socket", str(daemon.path), "run", "show", "r1", PMRUNNER_DEBUG="1") as running:
        _, err = running.communicate(timeout=180)

    assert running.returncode == 1
    assert b"Traceback" in err


def test_ctrl_c_in_a_follow_ends_the_watching_and_says_that_the_run_goes_on(
    daemon: FakeDaemon,
) -> None:
    daemon.answers[p.RunLogs] = Stream([LINE], None)
    with program("--socket", str(daemon.path), "run", "logs", "r1", "-f") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"hello\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=180)

    assert (running.returncode, out) == (130, b"")
    assert err == b"\nstopped watching; the run goes on\n"
    assert not [request for request in daemon.requests() if not isinstance(request, p.RunLogs)]


def test_ctrl_c_before_the_answer_says_that_it_may_have_happened(daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = SILENCE
    with program("--socket", str(daemon.path), "chat", "send", "demo", "x") as running:
        while not daemon.heard:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=180)

    assert running.returncode == 130
    assert err == b"\npmrunnerctl: stopped before the answer: chat send may have happened\n"


def test_a_reader_that_has_gone_is_no_complaint(daemon: FakeDaemon) -> None:
    many = [v.Happening(cursor=n, at=samples.AT, facts=()) for n in range(1, 20_000)]
    daemon.answers[p.Events] = Stream(many)
    with program("--socket", str(daemon.path), "--json", "events", "--since", "0") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(20) == 141


def on_a_terminal(daemon: FakeDaemon, columns: int, *words: str, **other: str) -> str:
    keyboard, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    with subprocess.Popen(
        [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.path), *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(**{"TERM": "xterm", **other}),
    ) as running:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(keyboard, 4096):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        finally:
            os.close(keyboard)
        assert running.wait(20) == 0
    return shown.decode()


@pytest.fixture
def _long(daemon: FakeDaemon) -> None:
    row = v.TaskRow(task=samples.task(), alias="demo", waits="because " * 30)
    daemon.answers[p.TaskList] = v.TaskTable(tasks=(row,))


@pytest.mark.usefixtures("_long")
def test_a_terminal_has_colours_and_its_width_is_kept(daemon: FakeDaemon) -> None:
    shown = on_a_terminal(daemon, 80, "task", "list")

    assert "\x1b[36mRUNNING\x1b[0m" in shown
    assert max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in shown.split("\r\n")) == 80


@pytest.mark.usefixtures("_long")
def test_on_a_narrow_terminal_a_row_takes_two_lines_and_says_why(daemon: FakeDaemon) -> None:
    shown = re.sub(r"\x1b\[\d*m", "", on_a_terminal(daemon, 40, "task", "list"))

    assert max(map(len, shown.split("\r\n"))) <= 40
    assert "\r\n  Build it  because because because bec…\r\n" in shown


@pytest.mark.parametrize("columns", [40, 80])
def test_the_overview_fits_the_terminal_and_loses_nothing(daemon: FakeDaemon, columns: int) -> None:
    lines = on_a_terminal(daemon, columns, "-h").split("\r\n")

    assert max(map(len, lines)) <= columns
    assert "Go on with the task of a run that failed or was cancelled" in " ".join(
        " ".join(lines).split()
    )


@pytest.mark.usefixtures("_long")
@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colours_gets_none(daemon: FakeDaemon, variable: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal(daemon, 80, "task", "list", **variable)


@pytest.mark.usefixtures("_long")
def test_a_pipe_has_no_colours_and_nothing_is_cut(ctl: Ctl) -> None:
    shown = ctl("task", "list")

    assert "\x1b" not in shown.out
    assert shown.out.count("because") == 30


def test_the_checkout_in_which_one_stands_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with FakeDaemon(tmp_path / "state/control.sock", {p.Inbox: v.InboxTable(items=())}):
        done = subprocess.run(
            [sys.executable, "-m", "pmrunnerctl", "inbox"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )

    assert done.stdout == "nothing waits for you\nnext: pmrunnerctl status\n"


def test_a_full_disk_behind_standard_output_is_said_in_words_and_is_no_bug(
    daemon: FakeDaemon,
) -> None:
    daemon.answers[p.Inbox] = v.InboxTable(items=())
    for json_too in ([], ["--json"]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pmrunnerctl",
                    "--socket",
                    str(daemon.path),
                    "inbox",
                    *json_too,
                ],
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment(),
                check=False,
            )

        assert done.returncode == 74
        assert b"cannot write to standard output: no space left on device" in done.stderr
        assert b"bug" not in done.stderr
