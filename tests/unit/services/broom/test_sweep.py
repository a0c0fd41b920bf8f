from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import swept


@pytest.mark.parametrize("branch", ["../../config", "/config", "a/../../../config", "", "a\nb"])
def test_nothing_is_touched_for_the_sake_of_a_branch_that_there_cannot_be(
    tmp_path: Path, branch: str
) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/config").write_text("[core]\n")
    repository(here / "own")

    with pytest.raises(AssertionError, match="is no branch"):
        swept(here, branch=branch)
    assert (here / ".git/config").read_text() == "[core]\n"
    assert (here / "own/.git").exists()


def test_a_note_that_somebody_was_killed_over_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/pm-runner-run.0123").touch()
    (here / ".git/pm-runner-run").touch()

    swept(here)

    assert [path.name for path in (here / ".git").glob("pm-runner-run*")] == ["pm-runner-run"]


def test_what_stands_in_the_place_of_what_git_needs_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "x").mkdir()
    (here / ".git/index").unlink()
    (here / ".git/index/x").mkdir(parents=True)
    (here / ".git/refs/pm-runner").symlink_to("../../x")
    (here / ".git/refs").rename(here / "moved")
    (here / ".git/refs").symlink_to("../moved")
    (here / ".git/pm-runner-index").mkdir()
    (here / ".git/pm-runner-kept").write_text("x")
    swept(here, remove=["rebase-merge"])

    assert head(here)
    assert (
        git(here, "status", "--porcelain")
        == "D  .gitignore\nD  kept.txt\n?? .gitignore\n?? kept.txt\n"
    )
    assert not (here / ".git/refs").is_symlink()
    assert not (here / ".git/refs/pm-runner").is_symlink()
    assert not (here / ".git/pm-runner-index").exists()
