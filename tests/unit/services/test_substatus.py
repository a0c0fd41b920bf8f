import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services import substatus
from pmrunnerd.services.substatus import Standing
from tests.unit.services.parts import git, hands, head, repository


def _workspace(root: Path) -> Path:
    """Make a workspace with a submodule, which has one itself."""
    deeper, library = repository(root / "from/deeper"), repository(root / "from/library")
    here = repository(root / "w")
    for above, other in ((library, deeper), (here, library)):
        _allowed(above, "submodule", "add", "--quiet", str(other), other.name)
        git(above, "commit", "--quiet", "--message=add")
    _allowed(here, "submodule", "update", "--init", "--recursive")
    return here


def _allowed(here: Path, *words: str) -> None:
    git(here, "-c", "protocol.file.allow=always", *words)


def _look(here: Path) -> dict[str, Standing]:
    return {one.submodule.path: one for one in asyncio.run(substatus.look(hands(here)))}


def _uncommitted(here: Path) -> list[str]:
    return asyncio.run(substatus.uncommitted(hands(here)))


@pytest.mark.parametrize("broken", ["objects", "HEAD"])
def test_one_in_which_git_fails_is_not_clean(tmp_path: Path, broken: str) -> None:
    here = _workspace(tmp_path)
    (here / ".git/modules/library" / broken).rename(tmp_path / broken)

    assert not _look(here)["library"].is_clean
    assert "library" in _uncommitted(here)


def test_one_that_nobody_guards_is_not_entered(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    (here / "library/.git").write_text("gitdir: ../elsewhere\n")
    found = _look(here)

    assert list(found) == ["library"]
    assert (found["library"].head, found["library"].is_clean) == ("", False)


def test_each_says_its_branch_and_commit_and_those_that_are_not_there_nothing(
    tmp_path: Path,
) -> None:
    here = _workspace(tmp_path)
    found = _look(here)
    assert list(found) == ["library", "library/deeper"]
    assert (found["library"].branch, found["library"].head) == ("main", head(here / "library"))
    assert all(one.is_clean for one in found.values())

    git(here, "submodule", "deinit", "--quiet", "--force", "library")
    assert _look(here) == {}
    assert _uncommitted(here) == []


def test_what_is_changed_in_one_is_told_whatever_git_is_configured_to_pass_by(
    tmp_path: Path,
) -> None:
    here = _workspace(tmp_path)
    library, deeper = here / "library", here / "library/deeper"
    for above, name in ((here, "library"), (library, "deeper")):
        git(above, "config", f"submodule.{name}.ignore", "all")
        git(above / name, "config", "status.showUntrackedFiles", "no")
    (library / "kept.txt").write_text("mine\n")
    (library / "two\nlines").touch()
    (deeper / "new").touch()
    found = _look(here)

    assert set(found["library"].files) == {"library/kept.txt", "library/two\nlines"}
    assert found["library/deeper"].files == ("library/deeper/new",)
    assert len(_uncommitted(here)) == 3


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_is_not_to_look_at_is_told_where_it_is_there(tmp_path: Path, flag: str) -> None:
    here = _workspace(tmp_path)
    git(here / "library", "update-index", flag, "kept.txt")
    assert _look(here)["library"].hidden == ("library/kept.txt",)
    assert _uncommitted(here) == ["library/kept.txt"]

    git(here / "library", "update-index", flag.replace("--", "--no-"), "kept.txt")
    git(here / "library", "sparse-checkout", "set", "--no-cone", "/.gitignore")
    assert not (here / "library/kept.txt").exists()
    assert _look(here)["library"].is_clean
