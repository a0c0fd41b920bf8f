import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.services import ignoring
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.outcome import Exited, Killed
from tests.unit.services.parts import (
    RUN,
    Ending,
    confined,
    git,
    hands,
    needs_sandbox,
    repository,
)


def _rules(here: Path) -> Path:
    (here / ".gitignore").write_text("build/\n*.o/\nforced/\n")
    (here / "forced").mkdir()
    (here / "forced/x").touch()
    git(here, "add", "--all", "--force")
    return here


def test_whoever_is_killed_over_it_does_not_say_that_nothing_is(tmp_path: Path) -> None:
    nobody = Ending(tmp_path, Killed(9, b"", b""))
    with pytest.raises(GitFailed, match="signal 9 ended it"):
        asyncio.run(ignoring.among(nobody, ["own"]))
    with pytest.raises(GitFailed, match="signal 9 ended it"):
        asyncio.run(ignoring.top(nobody))


def test_it_is_asked_once_for_however_many_and_not_at_all_for_none(tmp_path: Path) -> None:
    one = Ending(tmp_path, Exited(0, b"./0/\0", b""))

    assert asyncio.run(ignoring.among(one, list(map(str, range(300))))) == {"0"}
    assert one.started == 1
    assert asyncio.run(ignoring.among(one, [])) == set()
    assert one.started == 1


ODD = [f"a\nb{end}.o" for end in ("", os.fsdecode(b"\xff"))]
WOULD = {"build/own", "build", "forced", ":(top)x.o", "-x.o", "a b/*.o", *ODD}


def test_of_any_directories_those_are_found_that_would_be_ignored(tmp_path: Path) -> None:
    here = _rules(repository(tmp_path / "w"))
    others = ["own", "x.o.d/own", ":!build", "deep/" * 900 + "own"]

    assert asyncio.run(ignoring.among(hands(here), [*others, *WOULD])) == WOULD
    assert asyncio.run(ignoring.among(hands(here), others)) == set()


@needs_sandbox
def test_those_are_found_too_that_come_behind_one_of_which_git_cannot_tell(tmp_path: Path) -> None:
    here = _rules(repository(tmp_path / "w"))
    (here / "link").symlink_to(tmp_path)
    found = ignoring.among(Git(confined(here), RUN), ["link/own", *WOULD])

    assert asyncio.run(found) == WOULD


def test_names_at_the_top_are_found_unless_something_in_them_is_tracked(tmp_path: Path) -> None:
    here = _rules(repository(tmp_path / "w"))
    for name in ("build", ":(top)x.o"):
        (here / name).mkdir()

    assert sorted(asyncio.run(ignoring.top(hands(here)))) == [":(top)x.o", "build"]
