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
    assert json.loads(ctl("logs", "-n", "1", "--json").out) == {"line": "level=info event=leaving"}


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
