import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services.gathering import gather
from tests.unit.services.parts import git, hands, repository


@pytest.mark.parametrize("index", ["as it was", "none", "junk"])
def test_what_the_commit_tracks_counts_and_not_what_the_index_does(
    tmp_path: Path, index: str
) -> None:
    here = repository(tmp_path / "w")
    (here / "ignored").mkdir()
    for name in ("ignored/dear", "ignored/rule", "new"):
        (here / name).touch()
    git(here, "add", "--force", "ignored/dear")
    git(here, "rm", "--quiet", "--cached", "kept.txt")
    (here / ".gitignore").write_text("ignored/\nkept.txt\n")
    if index != "as it was":
        (here / ".git/index").unlink()
    if index == "junk":
        (here / ".git/index").write_text("junk")
    tree = asyncio.run(gather(hands(here), "HEAD", ["ignored/rule"]))

    names = git(here, "ls-tree", "-r", "--name-only", tree).split()
    assert names == [".gitignore", "ignored/rule", "kept.txt", "new"]
    assert not list(here.glob(".git/pm-runner-index*"))
    if index == "as it was":
        assert git(here, "ls-files").split() == [".gitignore", "ignored/dear"]
