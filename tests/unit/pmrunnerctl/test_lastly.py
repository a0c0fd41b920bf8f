import os
from pathlib import Path

import pytest

from pmrunnerctl import lastly
from pmrunnerctl.where import Place
from pmrunnerd.model import invocation
from tests.unit.pmrunnerctl.conftest import Ctl

WORDS = ("--env", "dev", "--port", "3504", "--agent-acp-command", "gemini --acp")
START = "pmrunnerctl start --port 3504 -- --agent-acp-command 'gemini --acp'"


def noted(state: Path, *words: str) -> None:
    state.mkdir(exist_ok=True)
    (state / invocation.FILE).write_bytes(invocation.encode(words))


def test_what_nobody_wrote_or_a_link_leads_to_is_not_believed(tmp_path: Path) -> None:
    assert lastly.options(tmp_path) == ()
    noted(tmp_path / "other", "--unconfined")
    (tmp_path / invocation.FILE).symlink_to(tmp_path / "other" / invocation.FILE)
    assert lastly.options(tmp_path) == ()
    assert lastly.again("pmrunnerctl start", tmp_path) == "pmrunnerctl start"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_wrote_down_is_not_believed(tmp_path: Path) -> None:
    noted(tmp_path, "--agent-claude-path", "/theirs")
    os.chown(tmp_path / invocation.FILE, 65534, 65534)
    assert lastly.options(tmp_path) == ()
    os.chown(tmp_path / invocation.FILE, 0, 0)
    assert lastly.options(tmp_path) == ("--agent-claude-path", "/theirs")


@pytest.mark.parametrize("port", [("--port", "3504"), ("--web-port=3504",)])
def test_a_daemon_is_started_as_the_last_one_was(tmp_path: Path, port: tuple[str, ...]) -> None:
    noted(tmp_path, "--state-dir=/srv", *port, *WORDS[4:])
    assert lastly.again("pmrunnerctl start", tmp_path) == START
    hint = "pmrunnerctl start\nunset PMRUNNER_SOCKET"
    again = lastly.once_more(hint, Place(tmp_path / "control.sock", ""))
    assert again == f"{START}\nunset PMRUNNER_SOCKET"
    assert lastly.once_more(hint, Place(tmp_path / "other.sock", "")) == hint


def test_whoever_finds_none_there_is_told_how_it_was_started(ctl: Ctl, tmp_path: Path) -> None:
    noted(tmp_path / "gone", *WORDS)
    socket = tmp_path / "gone" / "control.sock"
    hint = START.replace("pmrunnerctl", f"pmrunnerctl --socket {socket}")
    assert f"  hint: {hint}\n" in ctl("--socket", str(socket), "--wait", "0", "status").err
