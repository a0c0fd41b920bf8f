import contextlib
import json
import os
from pathlib import Path

import pytest

from pmrunnerctl import stopped
from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.where import Place
from pmrunnerd.model import protocol as p

AWAY = {"LoadState": "loaded", "ActiveState": "inactive", "Job": ""}


def lock(state: Path, *, pid: int, **more: object) -> Place:
    (state / "lock").write_text(json.dumps({"pid": pid, **more}))
    return Place(state / "control.sock", "", "pmrunnerctl start")


@pytest.fixture
def nobody() -> int:
    """The number of a process that has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def test_a_daemon_that_noted_that_it_was_stopped_does_not_come(tmp_path: Path, nobody: int) -> None:
    found = stopped.look(lock(tmp_path, pid=nobody, stopped=True), tmp_path / "run")
    assert found == ("it was stopped, and nobody has started it since", "pmrunnerctl start")


def test_one_that_was_killed_or_left_for_another_may_come(tmp_path: Path, nobody: int) -> None:
    assert stopped.look(lock(tmp_path, pid=nobody), tmp_path / "run") is None
    assert stopped.look(lock(tmp_path, pid=nobody, stopped=False), tmp_path / "run") is None


def test_one_that_is_leaving_still_or_has_just_begun_may_come(tmp_path: Path) -> None:
    assert stopped.look(lock(tmp_path, pid=os.getpid(), stopped=True), tmp_path / "run") is None


@pytest.mark.parametrize("noted", [b"", b"[]", b'{"stopped": 1}', b"\xff"])
def test_what_cannot_be_read_tells_nothing(tmp_path: Path, noted: bytes) -> None:
    place = Place(tmp_path / "control.sock", "", "")
    assert stopped.look(place, tmp_path / "run") is None
    (tmp_path / "lock").write_bytes(noted)
    assert stopped.look(place, tmp_path / "run") is None


@pytest.mark.parametrize(
    ("service", "socket", "why"),
    [
        ({}, {}, "pm-runner@prod is stopped"),
        ({"ActiveState": "failed"}, {}, "pm-runner@prod has failed"),
        ({}, {"ActiveState": "failed"}, "pm-runner@prod has failed"),
        ({}, {"ActiveState": "active"}, None),
        ({"ActiveState": "deactivating"}, {}, None),
        ({"ActiveState": "activating"}, {}, None),
        ({"Job": "1042"}, {}, None),
        ({}, {"Job": "1042"}, None),
        ({"LoadState": "not-found"}, {}, None),
    ],
)
def test_of_one_that_systemd_runs_its_units_and_their_jobs_tell(
    service: dict[str, str], socket: dict[str, str], why: str | None
) -> None:
    found = stopped.of_units("prod", [AWAY | service, AWAY | socket], "look")
    assert (found.why if found else None) == why
    if found:
        command = "sudo systemctl start pm-runner@prod"
        assert found.hint == (command if "stopped" in found.why else "look")


def test_where_nobody_can_be_asked_or_the_socket_is_there_it_may_come(tmp_path: Path) -> None:
    assert stopped.of_units("prod", [], "look") is None
    (tmp_path / "prod").mkdir()
    place = Place(tmp_path / "prod" / "control.sock", "prod", "look")
    place.socket.touch()
    assert stopped.look(place, tmp_path) is None


def refused(place: Place, *, unanswered: str = "", waits: bool = False) -> Cannot:
    """Return what a client says that gets no answer, after a minute or at once."""
    asking = Client(
        place, patience=0 if waits else 60, tell=lambda _: None, waits_for_a_start=waits
    )
    asking.unanswered = unanswered
    with contextlib.closing(asking), pytest.raises(Cannot) as caught:
        asking.call(p.Status())
    return caught.value


def test_who_asks_one_that_was_stopped_is_told_so_instead_of_waiting(
    tmp_path: Path, nobody: int
) -> None:
    place = lock(tmp_path, pid=nobody, stopped=True)
    said = refused(place)
    assert "it was stopped, and nobody has started it since" in str(said)
    assert (said.exits, said.hint) == (Exit.UNREACHABLE, "pmrunnerctl start")

    half = refused(place, unanswered="chat send")
    assert half.hint.splitlines()[0].startswith("chat send may have happened")
    assert half.hint.splitlines()[1] == "pmrunnerctl start"


def test_who_said_how_long_waits_so_long(tmp_path: Path, nobody: int) -> None:
    said = refused(lock(tmp_path, pid=nobody, stopped=True), waits=True)
    assert "no daemon listens there" in str(said)
