"""What differs from where a run began."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services.changes import Changes, changes
from tests.unit.services.parts import git, hands, head, repository


def look(workspace: Path, began: str) -> Changes:
    return asyncio.run(changes(hands(workspace), began))


def test_a_tree_as_it_was_has_no_changes(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")

    assert look(workspace, head(workspace)) == Changes(frozenset(), ())


def test_what_is_new_changed_deleted_or_committed_since_is_a_path(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    began = head(workspace)
    (workspace / "committed").write_text("x\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=own")
    (workspace / "new 'ü").write_text("x\n")
    (workspace / "ignored").mkdir()
    (workspace / "ignored/x").write_text("# TODO\n")
    (workspace / "kept.txt").unlink()

    assert look(workspace, began).paths == {"committed", "new 'ü", "kept.txt"}
    assert git(workspace, "status", "--porcelain").splitlines()[0] == " D kept.txt"


@pytest.mark.parametrize("committed", [False, True])
def test_a_repository_in_the_workspace_is_told_and_the_rest_is_seen(
    tmp_path: Path, *, committed: bool
) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "sub").mkdir()
    git(workspace / "sub", "init", "--quiet")
    (workspace / "sub/x").write_text("x\n")
    if committed:
        git(workspace / "sub", "add", "--all")
        git(workspace / "sub", "commit", "--quiet", "--message=own")
    (workspace / "zz.py").write_text("# TODO\n")

    found = look(workspace, head(workspace))

    assert found.nested == ("sub/",)
    assert found.marked == ("zz.py: # TODO",)
    assert "zz.py" in found.paths


@pytest.mark.parametrize(
    "setting",
    [
        *("diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.orderFile=nowhere"),
        *("diff.submodule=log", "diff.dstPrefix=other/", "diff.external=true", "color.diff=always"),
    ],
)
def test_no_setting_of_the_repository_hides_a_line_or_what_changed(
    tmp_path: Path, setting: str
) -> None:
    workspace = repository(tmp_path / "w")
    git(workspace, "config", *setting.split("="))
    (workspace / "a.py").write_text("# TODO\n")

    found = look(workspace, head(workspace))

    assert found == Changes(frozenset(["a.py"]), ("a.py: # TODO",))


def test_what_is_no_text_promises_nothing(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "image").write_bytes(b"\0\1 XXX \0\n")

    assert look(workspace, head(workspace)).marked == ()


def test_what_is_not_committed_in_a_submodule_is_told(tmp_path: Path) -> None:
    workspace, library = repository(tmp_path / "w"), repository(tmp_path / "library")
    allow = ("-c", "protocol.file.allow=always")
    git(workspace, *allow, "submodule", "add", "--quiet", str(library), "library")
    git(workspace, "commit", "--quiet", "--message=add")
    (workspace / "library/new").touch()

    assert look(workspace, head(workspace)) == Changes(frozenset(), (), inside=("library/new",))
