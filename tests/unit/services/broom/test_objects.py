import os
from pathlib import Path

import pytest

from tests.unit.services.parts import repository
from tests.unit.services.sweeping import later, set_aside, swept


@pytest.mark.parametrize("where", [".git", ".git/modules/library"])
def test_of_other_stores_of_objects_only_those_stay_that_no_run_can_write(
    tmp_path: Path, where: str
) -> None:
    here = repository(tmp_path / "w")
    theirs = repository(tmp_path / "theirs") / ".git/objects"
    alternates = here / where / "objects/info/alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    (here / "own").mkdir()
    os.mkfifo(here / "own/pack.idx")
    (tmp_path / "link").symlink_to(here)
    alternates.write_text(f"{theirs}\n")
    guarded = [str(here / where)] if "modules" in where else []
    found = swept(here, guarded=guarded)
    assert (found["lost"], found["removed"]) == ([], ["own/pack.idx"])

    bad = ["../../own", "../../../../own", "/proc/self/cwd/own", "\0"]
    bad += map(str, (here / "own", tmp_path / "link/own"))
    for line in bad:
        alternates.write_text(f"{theirs}\n{line}\n")
        assert swept(here, later(alternates) + 60, guarded=guarded)["lost"] == [], (
            "it is a person's"
        )
        assert swept(here, guarded=guarded)["lost"] == [str(alternates.relative_to(here / ".git"))]
        assert alternates.read_text() == f"{theirs}\n"
    assert len(set_aside(here)) == len(bad)
