"""Objects that a run had git read in the place of others: it reads what is there again."""

import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services.keeping import put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from tests.unit.services.parts import RUN, git, hands, head, repository


@pytest.mark.parametrize("packed", [False, True])
def test_what_a_failed_run_put_in_the_place_of_a_commit_is_gone_with_it(
    tmp_path: Path, packed: bool
) -> None:
    here = repository(tmp_path / "w")
    git(here, "branch", "replace/mine")
    began = Marker(run=RUN, head=head(here), branch="main", since=time.time() - 1)
    (here / "kept.txt").write_text("evil\n")
    evil = git(here, "stash", "create").strip()
    git(here, "replace", began.head, evil)
    if packed:
        git(here, "tag", "--annotate", "--message=x", "mine")
        git(here, "pack-refs", "--all", "--prune")
    git(here, "reset", "--hard", "--quiet")
    assert (here / "kept.txt").read_text() == "evil\n"
    told: list[str] = []
    asyncio.run(put_away(hands(here), began, place(RUN), told.append))

    assert (here / "kept.txt").read_text() == "kept\n"
    assert git(here, "replace", "--list") == ""
    assert git(here, "status", "--porcelain") == ""
    assert git(here, "rev-parse", "replace/mine").strip() == began.head
    assert f".git/refs/replace/{began.head}" in told[0]
    if packed:
        assert git(here, "rev-parse", "mine^{commit}").strip() == began.head


def test_what_a_person_had_replaced_before_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "commit", "--allow-empty", "--quiet", "--message=more")
    git(here, "replace", "--graft", "HEAD")
    began = Marker(run=RUN, head=head(here), branch="main", since=time.time() + 1)
    (here / "new").touch()
    asyncio.run(put_away(hands(here), began, place(RUN)))

    assert git(here, "replace", "--list").strip() == began.head
    assert git(here, "status", "--porcelain") == ""
