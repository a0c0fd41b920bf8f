import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errand import Audited
from pmrunnerd.services import audit
from tests.unit.services.parts import git, hands, head, repository


def _look(path: Path) -> Audited:
    return asyncio.run(audit.audit(hands(path)))


def _flag(here: Path, flag: str) -> None:
    git(here, "update-index", flag, "kept.txt")
    (here / "kept.txt").write_text("changed\n")


def _clean(here: Path) -> Audited:
    return Audited(branch="main", head=head(here))


def test_nothing_speaks_against_a_tree_of_which_all_is_committed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "ignored").mkdir()
    (here / "ignored/x").touch()

    assert _look(here) == _clean(here)


def test_what_no_commit_has_is_listed_to_the_last_file(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "kept.txt").write_text("changed\n")
    (here / "new").mkdir()
    (here / "new/file").touch()
    git(here, "config", "status.showUntrackedFiles", "no")

    assert set(_look(here).files) == {"kept.txt", "new/file"}


def test_a_file_that_the_workspace_has_git_ignore_for_itself_is_listed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (tmp_path / "mine").write_text("hidden.txt\n")
    (here / "hidden.txt").touch()
    git(here, "config", "core.excludesFile", str(tmp_path / "mine"))
    assert git(here, "status", "--porcelain") == ""

    assert _look(here).files == ("hidden.txt",)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_is_found(tmp_path: Path, flag: str) -> None:
    here = repository(tmp_path / "w")
    _flag(here, flag)

    found = _look(here)

    assert (found.files, found.hidden) == ((), ("kept.txt",))


def test_a_merge_that_is_half_done_is_found(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "checkout", "--quiet", "-b", "other")
    git(here, "commit", "--quiet", "--allow-empty", "-m", "there")
    git(here, "checkout", "--quiet", "main")
    git(here, "merge", "--quiet", "--no-ff", "--no-commit", "other")

    assert _look(here).half_done == "a merge"


def test_a_head_that_is_no_branch_and_a_history_that_is_not_whole_are_found(tmp_path: Path) -> None:
    origin = repository(tmp_path / "w")
    git(origin, "commit", "--quiet", "--allow-empty", "-m", "more")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "short")
    short = tmp_path / "short"
    git(short, "checkout", "--quiet", "--detach")

    found = _look(short)

    assert (found.branch, found.shallow, found.files) == ("", True, ())


def test_what_cannot_be_looked_at_is_not_clean(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/index").write_bytes(b"damaged")
    assert "index file smaller" in _look(here).unknown[0]

    (here / ".git").rename(here / "elsewhere")
    assert "its .git is gone" in _look(here).unknown[0]
