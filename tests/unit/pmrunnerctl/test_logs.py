import json
from pathlib import Path

import pytest

from pmrunnerctl import cli
from pmrunnerctl.exits import Exit
from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, program


@pytest.fixture
def log(daemon: FakeDaemon, tmp_path: Path) -> Path:
    """Return where the log of the daemon is, whose state is elsewhere than its socket."""
    state = tmp_path / "state"
    state.mkdir()
    daemon.answers[p.Status] = [samples.overview(state_directory=str(state))] * 3
    return state / "pmrunnerd.log"


def test_the_end_of_the_log_is_shown_line_by_line(ctl: Ctl, log: Path) -> None:
    log.write_text("level=info event=ready\nlevel=info event=leaving\n")
    assert ctl("logs").out == "level=info event=ready\nlevel=info event=leaving\n"
    assert ctl("logs", "-n", "1").out == "level=info event=leaving\n"
    said = json.loads(ctl("logs", "-n", "1", "--json").out)
    assert said["line"] == "level=info event=leaving"
    assert (said["priority"], said["fields"]) == (6, {"PMRUNNER_EVENT": "leaving"})


TOLD = """\
time=2026-11-24T12:00:00.000Z level=info event=plan-drafted project=cake task=t1,t2
time=2026-11-24T12:30:00.000Z level=info event=run-began project=cake task=t2 run=r1-4f2a
time=2026-11-24T12:30:01.000Z level=warning event=run-ended project=tea task=t3 run=r2-4f2a reason="exit task=t2"
time=2026-11-24T12:40:00.000Z level=error where=x msg="oh \\"no\\""
"""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--task", "t2"], [0, 1]),
        (["--task", "t2", "-n", "1"], [1]),
        (["--task", "t9"], []),
        (["--run", "r2-4f2a"], [2]),
        (["--project", "cake"], [0, 1]),
        (["--project", "cake", "--task", "t3"], []),
        (["-p", "warning"], [2, 3]),
        (["-p", "error"], [3]),
        (["--since", "2026-11-24T12:30+00:00"], [1, 2, 3]),
        (["--since", "20000000min"], [0, 1, 2, 3]),
        (["--task", "t3", "-p", "critical"], []),
    ],
)
def test_only_lines_that_are_asked_for_are_shown(
    ctl: Ctl, log: Path, words: list[str], shown: list[int]
) -> None:
    log.write_text(TOLD)
    lines = TOLD.splitlines(keepends=True)
    assert ctl("logs", *words).out == "".join(lines[number] for number in shown)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--task", "7"], "'7' is no task, such as t7"),
        (["--task", "t7 + _UID=0"], "is no task"),
        (["--run", "8"], "'8' is no run, such as r8-4f2a"),
        (["--project", "*"], "'*' is no project, such as cake"),
        (["-p", "loud"], "'loud' is not one of"),
        (["--since", "soon"], "'soon' is no time, such as 30min"),
        (["--since", "9" * 30 + "h"], "is no time, such as 30min"),
    ],
)
def test_what_nothing_is_called_is_refused_before_anybody_looks(
    ctl: Ctl, log: Path, words: list[str], why: str
) -> None:
    ended = ctl("logs", *words)
    assert ended.status == Exit.USAGE
    assert why in ended.err


def test_what_drives_a_terminal_is_spelt_out(ctl: Ctl, log: Path) -> None:
    log.write_bytes(b"\x1b]0;owned\x07 caf\xe9\n")
    assert ctl("logs").out == "\\x1b]0;owned\\x07 caf\N{REPLACEMENT CHARACTER}\n"


def test_a_log_that_is_not_there_is_told_with_where_to_look(ctl: Ctl, log: Path) -> None:
    ended = ctl("logs")
    assert ended.status == Exit.NOT_FOUND
    assert f"cannot show the log: {log}: no such file" in ended.err
    assert "hint: " in ended.err


def test_the_log_of_a_dead_daemon_is_shown_by_where_its_socket_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pmrunnerd.log").write_text("level=critical msg=died\n")
    assert cli.run(["--socket", str(tmp_path / "control.sock"), "logs"]) == Exit.OK
    assert capsys.readouterr().out == "level=critical msg=died\n"


def test_a_follower_whose_reader_has_gone_ends_though_nothing_more_is_said(tmp_path: Path) -> None:
    (tmp_path / "pmrunnerd.log").write_text("level=info event=ready\n")
    with program("--socket", str(tmp_path / "control.sock"), "logs", "-f") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"level=info event=ready\n"
        running.stdout.close()
        try:
            assert running.wait(20) == Exit.BROKEN_PIPE
        finally:
            running.kill()
        assert running.stderr.read() == b""
