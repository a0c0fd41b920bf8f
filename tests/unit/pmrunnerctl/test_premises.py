from pathlib import Path

import pytest

from pmrunnerctl import premises
from pmrunnerctl.session import Session


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMRUNNER_SOCKET", raising=False)


def test_where_a_name_stands_in_the_way_of_a_directory_it_is_found_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("")
    assert premises.found(Session(), Path("state"))[1] == tmp_path / "state"


def test_a_state_directory_that_is_named_has_its_socket_in_it(tmp_path: Path) -> None:
    place, state = premises.found(Session(), Path("mine"))
    assert (place.socket, state) == (tmp_path / "mine" / "control.sock", tmp_path / "mine")


def test_a_socket_of_the_usual_name_lies_in_the_state_that_is_meant(tmp_path: Path) -> None:
    session = Session()
    session.socket = Path("mine/control.sock")
    place, state = premises.found(session, None)
    assert (place.socket, state) == (tmp_path / "mine" / "control.sock", tmp_path / "mine")


def test_an_environment_is_named_by_the_variable_where_nothing_else_says_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PMRUNNER_ENV", "prod")
    session, other = Session(), Session()
    other.env = "dev"
    assert premises.environment(session, None) == "prod"
    assert premises.environment(other, None) == "dev"
    assert premises.environment(other, Path("state")) == ""
    session.socket = Path("mine/control.sock")
    assert premises.environment(session, None) == ""
    monkeypatch.setenv("PMRUNNER_SOCKET", "other/control.sock")
    assert premises.environment(Session(), None) == ""
