import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.rules.promotion.course import Runs
from pmrunnerd.rules.promotion.course import Trial as State
from pmrunnerd.services.promotion import trials
from pmrunnerd.services.promotion.trials import Launcher
from tests.house.tree import ROOT
from tests.package.ontrial import NEW, OLD, OnTrial


@pytest.fixture
def trying(tmp_path: Path) -> OnTrial:
    found = OnTrial(tmp_path / "root")
    found.build()
    return found


def launcher(trying: OnTrial) -> Launcher:
    return Launcher(ROOT / "packaging/launch", trying.root, "prod")


def test_what_the_launcher_writes_is_what_is_read(trying: OnTrial) -> None:
    assert trials.read(trying.root, "prod") is None
    trying.begin()
    found = trials.read(trying.root, "prod")
    assert found is not None
    assert (found.id, found.candidate, found.previous, found.left) == ("p1", NEW, OLD, 1)
    assert (found.is_open, found.of("p1"), found.of("p2")) == (True, State.OPEN, State.NONE)
    assert [found.runs(name) for name in (NEW, OLD, "3-c")] == list(Runs)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}'])
def test_what_cannot_be_read_is_no_trial(trying: OnTrial, text: str) -> None:
    trying.file.write_text(text)
    assert trials.read(trying.root, "prod") is None


def test_a_state_that_nobody_knows_is_no_trial(trying: OnTrial) -> None:
    trying.begin()
    record: dict[str, Any] = trying.record
    trying.file.write_text(json.dumps(record | {"state": "odd"}))
    assert trials.read(trying.root, "prod") is None


def test_a_trial_is_begun_and_confirmed_by_the_launcher(trying: OnTrial) -> None:
    launch = launcher(trying)
    assert asyncio.run(launch.begin("p1", NEW)) == ""
    assert trying.dist == NEW
    assert f"{NEW} is on trial" in asyncio.run(launch.begin("p2", OLD))
    assert "p2" in asyncio.run(launch.confirm("p2"))
    assert asyncio.run(launch.confirm("p1")) == ""
    assert trying.says("state") == ["confirmed"]


def test_it_is_taken_back_with_a_reason_and_only_by_its_name(trying: OnTrial) -> None:
    launch = launcher(trying)
    trying.begin()
    assert asyncio.run(launch.take_back("p2", "it hangs")) != ""
    assert trying.dist == NEW
    assert asyncio.run(launch.take_back("p1", "it hangs; twice")) == ""
    assert (trying.dist, *trying.says("state", "why")) == (OLD, "returned", "it hangs; twice")
    assert asyncio.run(launch.take_back("p1", "again")) == "", "it is back already"
    trying.begin("p3")
    trying.confirm("p3")
    assert asyncio.run(launch.take_back("p3", "too late")) != ""
    assert trying.dist == NEW
