import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pmrunnerd.services import keptrefs
from pmrunnerd.services.cell import NONE, Reach
from pmrunnerd.services.git import Git
from pmrunnerd.services.keptrefs import REFS
from pmrunnerd.services.unconfined import Stray, Unconfined
from tests.unit.services.parts import RUN, git, hands, head, repository


class _Counting(Unconfined):
    started = 0

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> Stray:
        self.started += 1
        return await super().start(command, environment, reach)


def _made(here: Path) -> str:
    return asyncio.run(keptrefs.make(hands(here), RUN, head(here)))


def test_what_has_a_name_is_never_overwritten(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for end in ("", "-2", "-3"):
        git(here, "commit", "--quiet", "--allow-empty", "-m", "more")
        assert _made(here) == f"{REFS}/{RUN}{end}"


def test_what_is_kept_already_gets_no_second_name(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    made = []
    for _ in range(2):
        kept = asyncio.run(hands(here)("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "left"))
        made.append(asyncio.run(keptrefs.make(hands(here), RUN, kept.strip())))
    assert made == [f"{REFS}/{RUN}"] * 2


def test_what_is_in_the_way_of_all_goes_if_it_is_ours_to_name(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "update-ref", "refs/pm-runner", "HEAD")
    git(here, "branch", "refs/pm-runner")

    assert _made(here).startswith(f"{REFS}/{RUN}-")
    assert git(here, "branch", "--list", "refs/pm-runner")


@pytest.mark.parametrize(
    ("ref", "run"),
    [
        (f"{REFS}/r1-4f2a", "r1-4f2a"),
        (f"{REFS}/r1-4f2a-12", "r1-4f2a"),
        (f"{REFS}/r1-4f2a/x", ""),
        (f"{REFS}/r1-4f2a\n", ""),
        ("refs/heads/r1-4f2a", ""),
        ("", ""),
    ],
)
def test_it_is_known_whose_a_reference_is(ref: str, run: str) -> None:
    assert keptrefs.owner(ref) == run


def test_the_latest_of_a_run_is_a_commit_whatever_else_has_its_names(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    assert asyncio.run(keptrefs.latest(hands(here), RUN)) == ""

    git(here, "update-ref", f"{REFS}/{RUN}0-9", "HEAD")
    blob = git(here, "rev-parse", "HEAD:kept.txt").strip()
    for number in range(20, 1500):
        (here / f".git/{REFS}/{RUN}-{number}").write_text(f"{blob}\n")
    (here / f".git/{REFS}/{RUN}-1500").write_text("1" * 40)
    assert asyncio.run(keptrefs.latest(hands(here), RUN)) == ""

    for number in (2, 10):
        git(here, "update-ref", f"{REFS}/{RUN}-{number}", "HEAD")
    cell = _Counting(here, here, RUN, below=False)
    assert asyncio.run(keptrefs.latest(Git(cell, RUN), RUN)) == f"{REFS}/{RUN}-10"
    assert cell.started == 1, "or it takes a minute"
