import os
from pathlib import Path

from tests.unit.services.parts import repository
from tests.unit.services.sweeping import later, set_aside, swept


def test_two_of_one_name_are_both_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(here / "a/own")
    repository(here / "b/own")

    assert sorted(swept(here)["taken"]) == ["a/own", "b/own"]
    assert len(set_aside(here)) == 2


def test_many_of_one_name_are_all_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for number in range(500):
        (here / f"n{number}/x/.git").mkdir(parents=True)
        (here / f"n{number}/x/.git/config").touch()

    assert len(swept(here)["taken"]) == len(set_aside(here)) == 500


def test_names_as_long_as_they_can_be_and_directories_that_nobody_may_search_stop_nothing(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    for number in range(3):
        (here / f".git/{number}/{'x' * 250}.lock").mkdir(parents=True)
    shut = here / "shut"
    shut.mkdir()
    (shut / "inner").mkdir()
    shut.chmod(0o644)
    since = later(shut)
    repository(here / "own")
    os.utime(shut)

    assert swept(here, since)["taken"] == ["own"]
    shut.chmod(0o755)
