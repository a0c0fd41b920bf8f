"""What an agent can put in the way of whoever deletes what was kept of its run."""

import os
from pathlib import Path

import pytest

from pmrunnerd.services.keptrefs import REFS
from tests.unit.services.parts import git, needs_root, needs_sandbox, repository
from tests.unit.services.references import OURS, kept, let_go, refs

pytestmark = needs_sandbox

NOBODY = 65534


def barricade(path: Path) -> None:
    """Put a directory somewhere that is not empty, and that nobody may enter."""
    (path / "deep/er").mkdir(parents=True)
    (path / "deep/er/file").touch()
    for one in (path / "deep/er", path / "deep", path):
        one.chmod(0o000)


@pytest.mark.parametrize(
    "place",
    [
        f"{REFS}/{OURS}.lock",
        f"{REFS}/{OURS}-2.lock",
        f"{REFS}/{OURS}",
        "packed-refs.lock",
        "packed-refs.new",
    ],
)
def test_what_an_agent_puts_in_the_way_goes_with_the_run(tmp_path: Path, place: str) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, f"{OURS}-2")
    git(here, "pack-refs", "--all")
    barricade(here / ".git" / place)

    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main"}
    if place != f"{REFS}/{OURS}":  # which git passes by: it is no reference
        assert not (here / ".git" / place).exists()


@pytest.mark.parametrize("place", [REFS, "refs/pm-runner"])
def test_what_an_agent_makes_read_only_goes_with_the_run(tmp_path: Path, place: str) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    (here / ".git" / place).chmod(0o500)

    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main"}


@needs_root
def test_what_keeps_one_run_keeps_no_other(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, "r4-aaaa", "r5-aaaa")
    for run in (OURS, "r4-aaaa"):
        (here / f".git/{REFS}/{run}.lock/nested").mkdir(parents=True)
    # Root in a sandbox is root of root's files alone.
    os.chown(here / f".git/{REFS}/{OURS}.lock", NOBODY, NOBODY)

    stays = let_go(here, OURS, "r4-aaaa", "r5-aaaa")
    assert stays.keys() == {OURS}
    assert f"{OURS}.lock" in stays[OURS]
    assert refs(here) == {"refs/heads/main", f"{REFS}/{OURS}"}
