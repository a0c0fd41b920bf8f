from pathlib import Path

import pytest

from pmrunnerctl import offline
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerd.model.checkup import Checkup


def test_the_directory_that_is_named_is_the_one(tmp_path: Path) -> None:
    assert offline.directory(Session(), tmp_path / "a") == tmp_path / "a"


def test_where_no_daemon_answers_its_socket_says_where_the_state_is(tmp_path: Path) -> None:
    session = Session()
    session.socket = tmp_path / "control.sock"

    assert offline.directory(session, None) == tmp_path


def test_a_socket_that_lies_nowhere_is_no_state(tmp_path: Path) -> None:
    session = Session()
    session.socket = tmp_path / "gone" / "control.sock"

    with pytest.raises(Cannot, match="cannot tell which state is meant"):
        offline.directory(session, None)


def test_an_error_keeps_its_code(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="cannot use environment") as caught:
        offline.ask("doctor", Checkup, "--state-dir", str(tmp_path), "--env", "-")

    assert caught.value.exits is Exit.USAGE


def test_what_is_no_reply_is_called_a_bug_and_shown() -> None:
    with pytest.raises(Cannot, match=r"(?s)this is a bug in pmrunnerd: .*--state-dir") as caught:
        offline.ask("doctor", Checkup)

    assert caught.value.exits is Exit.BUG
