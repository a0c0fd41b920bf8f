import asyncio
import json
from pathlib import Path

import pytest

from pmrunnerd.canary import ELSEWHERE, RUN, STATE, Aviary
from pmrunnerd.model.promotion import RECORDS
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.options import parse
from pmrunnerd.outwork import Outwork
from pmrunnerd.release import RELEASE
from pmrunnerd.services.host.detached import Detached
from tests.unit.services.parts import needs_sandbox

FIELDS = {"id": "p1", "state": "open", "previous": "0-before"}


class Place:
    """An environment below a root, and what sends its canary."""

    def __init__(self, root: Path) -> None:
        self.root, self.state = root, root / "state"
        self.runs = self.state / "runs"
        self.nest = root / ELSEWHERE / "test"
        self.runs.mkdir(parents=True)

    def try_out(self, release: str) -> None:
        place = self.root / RECORDS / "test"
        place.mkdir(parents=True)
        (place / "trial.json").write_text(json.dumps({**FIELDS, "candidate": release}))

    def sends(self, longest: float = 60.0) -> Canary | None:
        words = ["--env", "test", "--state-dir", str(self.state), "--root", str(self.root)]
        options, host = parse(words, {}), Detached(self.runs)
        outwork = Outwork(options, Settings(), host, self.runs)
        aviary = Aviary(options, Settings(), outwork, host, self.runs, longest)
        asyncio.run(aviary.live())
        return aviary.canary

    @property
    def left(self) -> list[str]:
        places = (self.state, self.runs, self.nest.parent)
        there = [one for place in places if place.is_dir() for one in place.iterdir()]
        return [one.name for one in there if one != self.runs]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "root")


def test_where_no_canary_can_be_sent_it_is_lost_and_says_why(place: Place) -> None:
    place.try_out(RELEASE)
    place.nest.parent.write_text("in the way")
    found = place.sends()

    assert found is not None
    assert found.flight is Flight.LOST
    assert str(place.nest) in found.why


def test_one_that_is_away_for_too_long_is_lost_and_nothing_of_it_stays(place: Place) -> None:
    place.try_out(RELEASE)

    assert place.sends(0.05) == Canary(flight=Flight.LOST, why="it was not back after 0.05 s")
    assert place.left == []


def test_another_release_that_is_on_trial_sends_none_and_clears_away_what_was_left(
    place: Place,
) -> None:
    place.try_out("9-other")
    (place.state / STATE / "journal").mkdir(parents=True)
    (place.runs / RUN / "agent").mkdir(parents=True)
    (place.nest / ".git").mkdir(parents=True)

    assert place.sends() is None
    assert place.left == []


@needs_sandbox
def test_a_release_on_trial_does_a_task_and_nothing_of_it_is_left(place: Place) -> None:
    place.try_out(RELEASE)
    (place.state / STATE / "journal").mkdir(parents=True)  # of one that was killed

    assert place.sends() == Canary(flight=Flight.BACK)
    assert place.left == []
