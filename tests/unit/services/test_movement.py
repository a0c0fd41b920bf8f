import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.services import status
from pmrunnerd.services.git import identity
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from tests.unit.services.parts import RUN, git, hands, head, repository


def _as_run(path: Path, *words: str) -> None:
    settings = identity(RUN)
    mail, name = settings["GIT_COMMITTER_EMAIL"], settings["GIT_COMMITTER_NAME"]
    hand = hands(path)
    assert mail == f"{RUN}@pm-runner.invalid"
    assert name == "pm-runner"
    asyncio.run(hand(*words))


def _nothing(_: Path) -> None:
    pass


def _own(path: Path) -> None:
    _as_run(path, "commit", "--allow-empty", "-m", "one")
    _as_run(path, "commit", "--allow-empty", "-m", "two")


def _persons(path: Path) -> None:
    git(path, "commit", "--quiet", "--allow-empty", "-m", "mine")


def _mixed(path: Path) -> None:
    _own(path)
    _persons(path)


def _amended(path: Path) -> None:
    _as_run(path, "commit", "--amend", "--allow-empty", "-m", "better")


def _taken_back(path: Path) -> None:
    git(path, "reset", "--hard", "--quiet", "HEAD~1")


def _other_branch(path: Path) -> None:
    _as_run(path, "checkout", "-b", "side")
    _own(path)


def _detached(path: Path) -> None:
    _as_run(path, "checkout", "--detach")


def _merged_person(path: Path) -> None:
    git(path, "checkout", "--quiet", "-b", "side")
    _persons(path)
    git(path, "checkout", "--quiet", "main")
    _as_run(path, "merge", "--no-ff", "-m", "merge", "side")


def _unborn(path: Path) -> None:
    _as_run(path, "checkout", "--orphan", "fresh")


def _persons_branch(path: Path) -> None:
    git(path, "switch", "--quiet", "--create", "feature")


def _branch_by_hand(path: Path) -> None:
    (path / ".git/HEAD").write_text("ref: refs/heads/nowhere\n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_unborn, Movement.REWRITTEN),
        (_branch_by_hand, Movement.REWRITTEN),
        (_persons_branch, Movement.FOREIGN),
        (_nothing, Movement.NONE),
        (_own, Movement.OWN),
        (_persons, Movement.FOREIGN),
        (_mixed, Movement.FOREIGN),
        (_amended, Movement.REWRITTEN),
        (_taken_back, Movement.FOREIGN),
        (_other_branch, Movement.REWRITTEN),
        (_detached, Movement.REWRITTEN),
        (_merged_person, Movement.FOREIGN),
    ],
)
def test_whose_doing_it_is_can_be_told(
    tmp_path: Path, change: Callable[[Path], None], expected: Movement
) -> None:
    here = repository(tmp_path / "w")
    _persons(here)
    began = Marker(run=RUN, head=head(here), branch="main")

    change(here)

    now = asyncio.run(status.look(hands(here)))
    assert asyncio.run(movement(hands(here), began, now)) is expected
