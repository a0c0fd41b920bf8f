"""What a failed run told git to track or to forget, and what of it is a person's."""

import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services.keeping import put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from tests.unit.services.parts import RUN, git, hands, head, repository


def _began(here: Path) -> Marker:
    return Marker(run=RUN, head=head(here), branch="main", since=time.time() - 1)


@pytest.mark.parametrize("commits", [False, True])
def test_ignored_files_of_a_person_s_stay_though_the_run_added_them(
    tmp_path: Path, commits: bool
) -> None:
    here = repository(tmp_path / "w")
    (here / "ignored").mkdir()
    (here / "ignored/dear").write_text("dear\n")
    began, hand = _began(here), hands(here)
    (here / "new").touch()
    asyncio.run(hand("add", "--force", "--", "ignored", "new"))
    if commits:
        asyncio.run(hand("commit", "--quiet", "-m", "own"))
    kept = asyncio.run(put_away(hands(here), began, place(RUN)))

    assert (here / "ignored/dear").read_text() == "dear\n"
    assert git(here, "status", "--porcelain") == ""
    assert kept is not None
    assert git(here, "show", f"{kept.ref}:new") == ""
    assert not (here / "new").exists()


@pytest.mark.parametrize("commits", [False, True])
def test_a_change_of_what_the_run_took_from_git_and_had_ignored_is_kept(
    tmp_path: Path, commits: bool
) -> None:
    here = repository(tmp_path / "w")
    began, hand = _began(here), hands(here)
    (here / ".gitignore").write_text("ignored/\n/kept.txt\n")
    asyncio.run(hand("rm", "--quiet", "--cached", "kept.txt"))
    if commits:
        asyncio.run(hand("commit", "--quiet", "-m", "own"))
    (here / "kept.txt").write_text("precious\n")
    kept = asyncio.run(put_away(hands(here), began, place(RUN)))

    assert kept is not None
    assert git(here, "show", f"{kept.ref}:kept.txt") == "precious\n"
    assert (here / "kept.txt").read_text() == "kept\n"
    assert git(here, "status", "--porcelain") == ""
