import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services import keptrefs
from pmrunnerd.services.keptrefs import REFS
from tests.unit.services.parts import RUN, git, hands, head, repository


def _made(here: Path) -> str:
    return asyncio.run(keptrefs.make(hands(here), RUN, head(here)))


def test_what_has_a_name_is_never_overwritten(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    assert [_made(here) for _ in range(3)] == [f"{REFS}/{RUN}{end}" for end in ("", "-2", "-3")]


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
