import os
from pathlib import Path

import pytest

from pmrunnerctl import held, launch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Peer
from tests.unit.pmrunnerctl import samples

INSTALLED = Path("/run/pm-runner/dev/control.sock")
ME = os.geteuid()


class Line:
    """A client of which only is asked who listens."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def peer(self) -> Peer:
        return self._peer


def session(socket: Path, pid: int, uid: int = 0) -> Session:
    made = Session()
    vars(made).update(place=Place(socket, "dev"), client=Line(Peer(pid, uid)))
    return made


@pytest.fixture(autouse=True)
def manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager that has prod's unit with process 412, and dev's."""
    monkeypatch.setattr(launch, "unit", lambda name: f"pm-runner@{name}.service")
    known = {("prod", 412): "pm-runner@prod.service"}
    monkeypatch.setattr(launch, "unit_of", lambda name, pid: known.get((name, pid)))


@pytest.mark.parametrize("lie", [("prod", 412), ("dev", 7), ("dev", 1)])
def test_behind_a_socket_of_the_service_manager_root_says_whose_it_is(lie: tuple[str, int]) -> None:
    """A daemon of code that nobody approved says whatever it likes, of itself as well."""
    name, pid = lie
    found = held.unit_of(session(INSTALLED, 1), samples.overview(environment=name, pid=pid))
    assert found == "pm-runner@dev.service"


def test_one_that_holds_its_socket_is_no_other_s_unit(tmp_path: Path) -> None:
    said = samples.overview(environment="prod", pid=412)
    assert held.unit_of(session(tmp_path / "control.sock", 9), said) is None
    assert held.unit_of(session(tmp_path / "control.sock", 1), said) is None
    assert held.unit_of(session(tmp_path / "control.sock", 412), said) == "pm-runner@prod.service"


@pytest.mark.skipif(ME != 0, reason="only root can put somebody else in its place")
def test_root_puts_no_daemon_in_the_place_of_one_that_somebody_else_may_be(tmp_path: Path) -> None:
    socket = tmp_path / "control.sock"
    with pytest.raises(Cannot, match="its socket is held by another process, pid 1") as refused:
        held.must_be_ours(session(socket, 1), samples.overview(pid=9))
    assert refused.value.exits is Exit.FORBIDDEN
    held.must_be_ours(session(socket, 9), samples.overview(pid=9))


def test_nobody_puts_a_daemon_in_the_place_of_another_user_s(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match=f"it runs as user {ME + 1}, and would come back as {ME}"):
        held.must_be_ours(session(tmp_path / "s", 9, ME + 1), samples.overview(pid=9))
