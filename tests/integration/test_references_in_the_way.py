"""What an agent can put in the way of whoever deletes what was kept of its run."""

import os
from pathlib import Path

import pytest

from pmrunnerd.services.keptrefs import REFS
from pmrunnerd.services.obstacles import ASIDE
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
        f"pm-runner-kept/{OURS}",
        f"pm-runner-kept/{OURS}-01234567/nested",
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
    assert list((here / ".git").glob("pm-runner-kept/*")) == []


@pytest.mark.parametrize("place", [REFS, "refs/pm-runner", "pm-runner-kept"])
def test_what_an_agent_makes_read_only_goes_with_the_run(tmp_path: Path, place: str) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    (here / f".git/pm-runner-kept/{OURS}").mkdir(parents=True)
    (here / ".git" / place).chmod(0o500)

    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main"}
    assert list((here / ".git").glob("pm-runner-kept/*")) == []


@needs_root
def test_what_keeps_one_run_keeps_no_other(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, "r4-aaaa", "r5-aaaa")
    for run in (OURS, "r4-aaaa", "r5-aaaa"):
        (here / ASIDE / run / "nested").mkdir(parents=True)
    os.chown(here / ASIDE / OURS, NOBODY, NOBODY)  # root in a sandbox is root of root's files alone

    stays = let_go(here, OURS, "r4-aaaa", "r5-aaaa")
    assert stays.keys() == {OURS}
    assert "nested" in stays[OURS]
    assert [path.name for path in (here / ASIDE).iterdir()] == [OURS]
    assert refs(here) == {"refs/heads/main"}
