import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.services.releases.first import first
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk
from tests.unit.services.releases.made import Made

OTHER = "0.1.0-000000000000"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    before = os.umask(0o002)  # as many distributions have it
    yield Made(tmp_path)
    os.umask(before)


def run(made: Made, name: str) -> None:
    asyncio.run(first(Shelf(made.root, "prod"), name, Disk()))


def test_what_runs_gives_way_to_a_promotion_alone(made: Made) -> None:
    made.release.with_name(OTHER).mkdir()
    with pytest.raises(Refused, match=f"prod runs {made.name}, and another one") as refused:
        run(made, OTHER)
    assert "pmrunnerctl promote --dry-run" in (refused.value.hint or "")
    with pytest.raises(NotFound):
        run(made, "0.1.0-111111111111")
    assert not (made.root / "usr").exists()


def test_an_environment_that_ran_nothing_has_all_that_a_promotion_takes(made: Made) -> None:
    (made.home / "dist").unlink()
    made.home.chmod(0o775)

    run(made, made.name)
    key = (made.root / "etc/pm-runner/keys/release").read_bytes()
    run(made, made.name)

    assert Shelf(made.root, "prod").pointed() == made.name
    programs = made.root / "usr/lib/pm-runner"
    assert {"launch", "deeds.py", "trial.py"} <= {path.name for path in programs.iterdir()}
    records = made.root / "var/lib/pm-runner/promote/prod"
    assert (records / "trial.lock").stat().st_size == 0
    assert not made.home.stat().st_mode & 0o022
    assert not records.stat().st_mode & 0o022
    assert (made.root / "etc/pm-runner/keys/release").read_bytes() == key, "one key, made once"
