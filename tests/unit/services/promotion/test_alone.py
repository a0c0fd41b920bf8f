import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services.promotion.alone import Alone, dwell
from pmrunnerd.services.promotion.units import Look
from tests.house.tree import ROOT
from tests.unit.services.parts import eventually

FAKE = ROOT / "tests/fakes/alone.py"


class Root:
    """A root with a launcher and a state; nobody runs there afterwards."""

    def __init__(self, place: Path) -> None:
        self.place, self.state = place, place / "state"
        self.state.mkdir()
        shutil.copy(FAKE, place / "launch")
        self.play("")
        dwell(place, "prod", self.state)

    def play(self, what: str) -> None:
        (self.place / "play").write_text(what)

    def alone(self, **more: float) -> Alone:
        return Alone(self.place / "launch", self.place, "prod", **more)

    @property
    def said(self) -> list[str]:
        return (self.place / "said").read_text().splitlines()

    def pid(self) -> int:
        return int(json.loads((self.state / "lock").read_text())["pid"])

    def end(self) -> None:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self.pid(), signal.SIGKILL)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    made = Root(tmp_path)
    yield made
    made.end()


def look(alone: Alone) -> Look:
    return asyncio.run(alone.look())


def restart(alone: Alone) -> None:
    assert asyncio.run(alone.restart()) == ""


def test_what_crashes_has_failed_and_its_end_counts(root: Root) -> None:
    root.play("crash")
    alone = root.alone()
    restart(alone)
    eventually(lambda: look(alone).unit is Unit.FAILED)
    restart(alone)
    eventually(lambda: root.said == ["ended exit-code", "alone ", "ended exit-code", "alone "])


def test_what_does_not_hear_is_killed_and_did_not_leave_well(root: Root) -> None:
    root.play("deaf")
    alone = root.alone(leaving=0.1)
    restart(alone)
    eventually(lambda: look(alone).unit is Unit.UP)
    before = root.pid()
    root.play("")
    restart(alone)
    eventually(lambda: look(alone).unit is Unit.UP)
    assert root.pid() != before
    assert "ended timeout" in root.said


def test_one_that_runs_is_known_by_its_lock_and_another_start_of_it_is_another(root: Root) -> None:
    first = root.alone()
    assert look(first).unit is Unit.FAILED
    restart(first)
    eventually(lambda: look(first).unit is Unit.UP)
    started = look(first)
    assert look(first) == started
    second = root.alone()  # who goes on where another was cut off
    assert look(second).unit is Unit.UP
    restart(second)
    eventually(lambda: look(second).unit is Unit.UP)
    assert look(second).invocation != started.invocation
    assert "ended success" in root.said


def test_one_that_a_person_stopped_is_waited_for(root: Root) -> None:
    about = {"pid": 1 << 30, "by": "anna", "at": "", "release": "1-a", "stopped": True}
    (root.state / "lock").write_text(json.dumps(about))
    assert look(root.alone()).unit is Unit.STOPPED


def test_settings_of_another_daemon_are_not_its_own(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMRUNNER_WEB_PORT", "1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    assert not {"PMRUNNER_WEB_PORT", "NOTIFY_SOCKET"} & set(root.alone().around)
    restart(root.alone())
    eventually(lambda: look(root.alone()).unit is Unit.UP)
    monkeypatch.setenv("PATH", "/elsewhere")
    assert root.alone().around["PATH"] != "/elsewhere", "that of the daemon which runs"


def test_what_failed_of_the_checks_is_said(root: Root) -> None:
    assert asyncio.run(root.alone().checked()) == ""
    root.play("unwell")
    assert "it is cold" in asyncio.run(root.alone().checked())


def test_a_state_that_lies_elsewhere_by_now_is_found_there(root: Root) -> None:
    other = root.place / "other"
    other.mkdir()
    dwell(root.place, "prod", other)
    assert root.alone().state == other
    assert root.alone().options == ("--state-dir", str(other))
