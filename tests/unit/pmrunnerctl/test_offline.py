import os
from pathlib import Path

import pytest

from pmrunnerctl import offline
from pmrunnerctl.exits import Cannot, Exit, Stranger
from pmrunnerctl.session import Session
from pmrunnerd.model.upkeep import Verified
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import ROOT


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


def test_another_environment_than_the_one_that_is_meant_is_not_looked_at(
    daemon: FakeDaemon,
) -> None:
    session = Session()
    session.socket, session.env = daemon.path, "bogus"

    for looked_at in (offline.directory, offline.daemon):
        with pytest.raises(Stranger, match="is environment dev") as caught:
            looked_at(session, None)
        assert caught.value.exits is Exit.UNREACHABLE
    session.close()


def test_a_variable_is_heard_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PMRUNNER_SOCKET", str(tmp_path / "control.sock"))

    assert offline.directory(Session(), None) == tmp_path


def test_an_error_keeps_its_code_and_hint(tmp_path: Path) -> None:
    missing = os.fspath(tmp_path / "none")
    with pytest.raises(Cannot, match="cannot find a state") as caught:
        offline.ask("verify", Verified, "--state-dir", missing)

    assert caught.value.exits is Exit.NOT_FOUND


def test_what_is_no_reply_is_called_a_bug_and_shown() -> None:
    with pytest.raises(Cannot, match=r"(?s)this is a bug in pmrunnerd: .*--state-dir") as caught:
        offline.ask("verify", Verified)

    assert caught.value.exits is Exit.BUG
