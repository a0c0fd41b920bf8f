from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.services.parts import git, repository
from tests.unit.services.sweeping import later, swept


def test_one_that_was_there_before_and_is_as_it_was_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "ignored/inner")
    since = later(inner / ".git/index")
    git(inner, "commit", "--quiet", "--allow-empty", "-m", "more")

    assert swept(here, since)["taken"] == []


PIECES: dict[str, Callable[[Path], object]] = {
    "its configuration": lambda inner: git(inner, "config", "core.fsmonitor", "x"),
    "that of its working tree": lambda inner: (inner / ".git/config.worktree").write_text("x"),
    "a hook": lambda inner: (inner / ".git/hooks/pre-commit").write_text("x"),
    "a commondir": lambda inner: (inner / ".git/commondir").write_text("../elsewhere"),
    "what was prepared before": lambda inner: (inner / "prepared").rename(inner / ".git/config"),
}


@pytest.mark.parametrize("what", PIECES)
def test_one_that_the_run_changed_goes(tmp_path: Path, what: str) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "ignored/inner")
    for hook in (inner / ".git/hooks").iterdir():
        hook.unlink()
    (inner / "prepared").touch()
    since = later(inner / "prepared")
    PIECES[what](inner)

    assert swept(here, since)["taken"] == ["ignored/inner"]


def test_a_file_that_leads_to_a_guarded_submodule_stays_and_any_other_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module = here / ".git/modules/library"
    repository(tmp_path / "library").joinpath(".git").rename(tmp_path / "git")
    module.parent.mkdir()
    (tmp_path / "git").rename(module)
    (here / "library").mkdir()
    for content in (b"gitdir: ../.git/modules/library\n", f"gitdir: {module}".encode()):
        (here / "library/.git").write_bytes(content)
        assert swept(here, guarded=[str(module)])["taken"] == []
    for content in (
        *(b"gitdir: ../.git/other", b"gitdir: ../evil\0/../../.git/modules/library", b"junk", b""),
    ):
        (here / "library").mkdir(exist_ok=True)
        (here / "library/.git").write_bytes(content)
        assert swept(here, guarded=[str(module)])["taken"] == ["library"]


def test_one_that_an_old_file_leads_to_goes_once_the_run_changed_it(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "ignored/inner")
    git(inner, "init", "--quiet", f"--separate-git-dir={here}/.git/other")
    since = later(here / ".git/other/config")
    assert swept(here, since)["taken"] == []

    git(inner, "config", "core.fsmonitor", "x")
    assert swept(here, since)["taken"] == ["ignored/inner"]


def test_a_directory_that_is_a_repository_without_a_tree_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "src").mkdir()
    git(here, "init", "--quiet", "--bare", "src/bare")

    assert swept(here)["taken"] == ["src/bare"]


def test_a_person_s_working_tree_inside_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "worktree", "add", "--quiet", "--detach", "ignored/tree")

    assert swept(here)["taken"] == []
    assert git(here / "ignored/tree", "status", "--porcelain") == ""


def test_files_that_only_are_called_as_those_of_a_repository_stay(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for path in (here / "HEAD", here / "src/HEAD", here / "config"):
        path.parent.mkdir(exist_ok=True)
        path.touch()

    assert swept(here)["taken"] == []
    assert (here / "HEAD").exists()
