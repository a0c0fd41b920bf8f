import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services import status
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.status import HistoryGone, Status, explain
from tests.unit.services.parts import git, hands, head, repository


def _look(path: Path) -> Status:
    return asyncio.run(status.look(hands(path)))


def test_a_clean_workspace_has_a_branch_and_a_commit_and_no_files(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "ignored").mkdir()
    (here / "ignored/x").touch()

    assert _look(here) == Status(branch="main", head=head(here), files=())
    assert _look(here).problem == ""


def test_every_kind_of_change_is_listed_with_its_whole_path(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for name in ("gone.txt", "renamed.txt", "staged both.txt"):
        (here / name).write_text(name * 20)
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "more")
    (here / "kept.txt").write_text("changed\n")
    (here / "gone.txt").unlink()
    git(here, "mv", "renamed.txt", "new name.txt")
    (here / "staged both.txt").write_text("x")
    git(here, "add", "staged both.txt")
    (here / "staged both.txt").write_text("y")
    (here / "directory").mkdir()
    (here / "directory/new").touch()
    (here / "line\nbreak").touch()

    assert set(_look(here).files) == {
        "kept.txt",
        "gone.txt",
        "renamed.txt",
        "new name.txt",
        "staged both.txt",
        "directory/",
        "line\nbreak",
    }


def test_a_repository_without_a_commit_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert "no commit yet" in _look(tmp_path).problem


def test_a_detached_head_is_no_branch(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "checkout", "--quiet", "--detach")

    assert "HEAD is no branch" in _look(here).problem


def test_a_merge_that_stopped_half_way_is_named_with_its_files(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "checkout", "--quiet", "-b", "other")
    (here / "kept.txt").write_text("theirs\n")
    git(here, "commit", "--quiet", "-am", "theirs")
    git(here, "checkout", "--quiet", "main")
    (here / "kept.txt").write_text("ours\n")
    git(here, "commit", "--quiet", "-am", "ours")
    with pytest.raises(AssertionError):
        git(here, "merge", "other")

    found = _look(here)
    assert found.files == ("kept.txt",)
    assert "a merge is half done" in found.problem


@pytest.mark.parametrize(
    ("name", "what"), [("rebase-merge", "a rebase"), ("BISECT_LOG", "a bisection")]
)
def test_other_things_half_done_are_named(tmp_path: Path, name: str, what: str) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / name).mkdir()

    assert what in _look(here).problem


def test_a_git_directory_that_is_gone_or_a_link_is_not_followed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git").rename(tmp_path / "elsewhere")
    with pytest.raises(GitFailed, match=r"its \.git is gone"):
        _look(here)
    (here / ".git").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GitFailed, match="is no directory any more"):
        _look(here)


def test_many_files_are_counted_and_a_few_are_named() -> None:
    assert status.listed(("a", "b")) == "a, b"
    assert status.listed(tuple("abcdefghijkl")) == "a, b, c, d, e, f, g, h, i, j and 2 more"


def test_the_lock_of_an_editor_s_git_is_waited_for_and_one_that_stays_is_told(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    lock = here / ".git/index.lock"
    lock.touch()

    async def goes() -> Status:
        async def editor() -> None:
            await asyncio.sleep(0.15)
            lock.unlink()

        async with asyncio.TaskGroup() as group:
            group.create_task(editor())
            found = group.create_task(status.settled(hands(here)))
        return found.result()

    assert asyncio.run(goes()).half_done == ""
    lock.touch()
    assert asyncio.run(status.settled(hands(here))).half_done == "a git command"


def test_why_git_failed_is_said_only_where_that_is_the_reason(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    asyncio.run(explain(hands(here), "HEAD"))
    with pytest.raises(HistoryGone, match=r"its \.git has no commit any more"):
        asyncio.run(explain(hands(here), "f" * 40))
    (here / ".git").rename(tmp_path / "gone")
    with pytest.raises(GitFailed, match=r"its \.git is gone"):
        asyncio.run(explain(hands(here), "HEAD"))
