"""Somebody who commits while what a run left is put away."""

import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services import marker
from pmrunnerd.services.git import Git
from pmrunnerd.services.keeping import put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from pmrunnerd.services.outcome import Outcome
from tests.unit.services.parts import RUN, git, hands, head, repository, unconfined

REF = f"refs/pm-runner/runs/{RUN}"


def _took(path: Path) -> Marker:
    began = Marker(run=RUN, head=head(path), branch="main", since=time.time() - 1)
    marker.write(path, began)
    return began


class Meddled(Git):
    """A git beside which a person commits, before one of its commands."""

    def __init__(self, here: Path, before: str) -> None:
        super().__init__(unconfined(here), RUN)
        self._before = before

    async def outcome(self, *arguments: str, index: str = "") -> Outcome:
        if arguments[0] == self._before:
            git(self.cell.workspace, "commit", "--quiet", "--allow-empty", "-m", "mine")
            self._before = ""
        return await super().outcome(*arguments, index=index)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("before", ["write-tree", "update-ref", "reset"])
def test_a_commit_that_somebody_makes_meanwhile_stays(
    tmp_path: Path, before: str, own: bool
) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    if own:
        asyncio.run(hands(here)("commit", "--quiet", "--allow-empty", "-m", "own"))
    (here / "new").touch()
    kept = asyncio.run(put_away(Meddled(here, before), began, place(RUN)))

    assert "mine" in git(here, "log", "--format=%s", "main").splitlines()
    assert kept is not None
    assert git(here, "status", "--porcelain") == ""
