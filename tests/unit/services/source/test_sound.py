import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.services.source.sound import content, objects_of
from tests.unit.services.parts import descriptors, git, repository


def test_a_repository_that_has_its_own_objects_is_taken(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    assert objects_of(here) == here / ".git/objects"
    (here / ".git/objects/info").mkdir(exist_ok=True)
    (here / ".git/objects/info/alternates").write_text("\n")

    assert objects_of(here) == here / ".git/objects"


def test_one_that_borrows_them_is_refused_with_what_makes_it_whole(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(tmp_path, "clone", "--quiet", "--shared", str(here), "borrower")
    with pytest.raises(Refused, match="it borrows objects of another repository") as refused:
        objects_of(tmp_path / "borrower")

    assert "git repack -a -d" in str(refused.value.hint)


@pytest.mark.parametrize("name", [".git", ".git/objects", ".git/objects/pack", ".git/objects/info"])
def test_one_whose_objects_lie_elsewhere_by_a_link_is_refused(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/objects/info").mkdir(exist_ok=True)
    (here / name).rename(tmp_path / "elsewhere")
    (here / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match=f"{name} is a link"):
        objects_of(here)


def test_a_linked_tree_and_none_at_all_are_told_apart(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "worktree", "add", "--quiet", "../linked")
    with pytest.raises(Refused, match=r"its \.git is a file"):
        objects_of(tmp_path / "linked")
    with pytest.raises(NotFound, match="it is no git repository"):
        objects_of(tmp_path)


def test_a_file_is_read_without_following_waiting_or_more_than_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("hello")
    (tmp_path / "l").symlink_to("d")
    (tmp_path / "d/l").symlink_to("f")
    os.mkfifo(tmp_path / "d/pipe")
    before = descriptors()

    assert content(tmp_path, "d/f", 5) == b"hello"
    assert content(tmp_path, "d/pipe", 5) == b""
    for name in ("l/f", "d/l"):
        with pytest.raises(OSError, match=r"directory|links"):
            content(tmp_path, name, 5)
    with pytest.raises(Refused, match="it has more than 4 bytes"):
        content(tmp_path, "d/f", 4)
    assert descriptors() == before
