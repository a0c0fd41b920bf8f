"""What an earlier run had done is there again, or is left alone."""

import asyncio
from pathlib import Path

import msgspec

from pmrunnerd.services import marker
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.restoring import Restored, restore
from tests.unit.services.parts import RUN, git, hands, head, repository

REF = "refs/pm-runner/runs/r1"


def keep(workspace: Path, *, commits: bool = False) -> None:
    """Keep a change of one file and a new one as a run would, and put the tree back."""
    began = head(workspace)
    (workspace / "kept.txt").write_text("kept\nmore\n")
    if commits:
        git(workspace, "commit", "--quiet", "--all", "--message=own")
    (workspace / "new.txt").write_text("new\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=left behind")
    git(workspace, "update-ref", REF, "HEAD")
    git(workspace, "reset", "--quiet", "--hard", began)


def again(workspace: Path, ref: str = REF) -> Restored:
    began = Marker(run=RUN, head=head(workspace), branch="main")
    return asyncio.run(restore(hands(workspace), began, ref))


def test_a_reference_that_went_restores_nothing(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")

    assert again(workspace) == Restored(REF, there=False)
    assert git(workspace, "status", "--porcelain") == ""


def test_on_a_branch_that_has_not_moved_it_is_there_as_changes(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    began = head(workspace)
    keep(workspace, commits=True)

    assert again(workspace) == Restored(REF, there=True)
    assert git(workspace, "status", "--porcelain").splitlines() == [" M kept.txt", "?? new.txt"]
    assert head(workspace) == began


def test_on_a_branch_that_has_moved_it_is_merged(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    keep(workspace, commits=True)
    (workspace / "other.txt").write_text("other\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=meanwhile")

    assert again(workspace) == Restored(REF, there=True)
    assert git(workspace, "status", "--porcelain").splitlines() == [" M kept.txt", "?? new.txt"]
    assert (workspace / "other.txt").exists()


def test_where_it_cannot_be_merged_nothing_changes(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    keep(workspace)
    (workspace / "kept.txt").write_text("something else\n")
    git(workspace, "commit", "--quiet", "--all", "--message=meanwhile")

    assert again(workspace) == Restored(REF, there=False)
    assert git(workspace, "status", "--porcelain") == ""
    assert not (workspace / ".git/CHERRY_PICK_HEAD").exists()
    assert git(workspace, "rev-parse", "--verify", REF)


def test_while_it_is_put_back_the_note_says_what_and_afterwards_nothing(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / ".gitattributes").write_text("new.txt filter=looks\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=filtered")
    git(workspace, "config", "filter.looks.smudge", "cat .git/pm-runner-run > .git/seen; cat")
    keep(workspace)

    assert again(workspace).there
    seen = msgspec.json.decode((workspace / ".git/seen").read_bytes(), type=Marker)
    assert seen.restoring == REF
    note = marker.read(workspace)
    assert note is not None
    assert (note.run, note.restoring) == (RUN, "")


def test_a_history_that_has_nothing_to_do_with_it_is_left_alone(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    keep(workspace)
    git(workspace, "checkout", "--quiet", "--orphan", "anew")
    git(workspace, "commit", "--quiet", "--message=anew")

    assert again(workspace) == Restored(REF, there=False)
    assert git(workspace, "status", "--porcelain") == ""
