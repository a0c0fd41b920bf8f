import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.services import broom
from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import ASIDE, later, set_aside, swept


@pytest.mark.parametrize(
    "name", ["own", "-rf", "a b/c\nd", "deep/" * 30 + "own", os.fsdecode(b"\xff"), "kept"]
)
def test_a_repository_of_the_run_s_making_goes_whatever_its_name(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    repository(here / name)

    assert swept(here) == {"taken": [name], "stuck": [], "lost": [], "removed": []}
    assert not (here / name).exists()
    (kept,) = set_aside(here)
    moved = here / ".git/pm-runner-kept" / ASIDE / kept
    (moved / ".git.kept").rename(moved / ".git")
    (moved / ".git/HEAD.kept").rename(moved / ".git/HEAD")
    assert git(moved, "log", "--format=%s") == "start\n"
    assert swept(here) == {"taken": [], "stuck": [], "lost": [], "removed": []}


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


def test_a_directory_where_the_note_was_goes_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/pm-runner-run/x").mkdir(parents=True)
    swept(here)

    assert not (here / ".git/pm-runner-run").exists()
    assert set_aside(here) == {"pm-runner-run"}


def test_two_of_one_name_are_both_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(here / "a/own")
    repository(here / "b/own")

    assert sorted(swept(here)["taken"]) == ["a/own", "b/own"]
    assert len(set_aside(here)) == 2


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


def test_a_workspace_that_was_made_one_itself_is_none_any_more(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for name in ("objects", "refs"):
        (here / name).mkdir()
    (here / ".git/HEAD").rename(here / "HEAD")
    swept(here)

    assert not (here / "HEAD").exists()
    assert git(here, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert head(here)


@pytest.mark.parametrize("mounts", [["own"], ["own", "own/.git"]])
def test_what_cannot_be_moved_is_no_repository_any_more_or_no_index_leads_there(
    tmp_path: Path, mounts: list[str]
) -> None:
    here = repository(tmp_path / "w")
    repository(here / "own")
    told = {"top": str(here), "aside": ASIDE, "since": 0.0, "guarded": [], "branch": "main"}
    # A mount point can be moved by nobody.
    script = 'cd "$1"; shift; for one in %s; do mount --bind $one $one; done; exec "$@"'
    unshared = ("unshare", "--mount", "sh", "-ec", script % " ".join(mounts), "sh", str(here))
    program = (sys.executable, "-I", "-S", broom.__file__, json.dumps(told | {"remove": []}))
    done = subprocess.run([*unshared, *program], capture_output=True, timeout=60, check=False)
    if not done.stdout:
        pytest.skip("nothing can be mounted here")

    can = len(mounts) == 1
    assert json.loads(done.stdout) == {
        "taken": ["own"] if can else [],
        "stuck": [] if can else ["own"],
        "lost": [],
        "removed": [],
    }
    assert (here / "own/.git").exists() is not can
    assert (here / ".git/index").exists() is can


def test_what_is_planted_where_a_repository_would_go_keeps_it_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "own")
    (inner / ".git.kept/x").mkdir(parents=True)
    repository(inner / "deeper")
    git(here, "init", "--quiet", "--bare", "own/bare")

    assert swept(here)["taken"] == ["own"]
    left = [
        path for path in (here / ".git/pm-runner-kept").rglob("*") if path.name in {".git", "HEAD"}
    ]
    assert [path for path in left if (path.parent / "config").exists() or path.name == ".git"] == []


def test_very_many_repositories_go_in_one_go(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for number in range(3000):
        (here / f"n{number}/.git").mkdir(parents=True)
        (here / f"n{number}/.git/config").touch()

    assert len(swept(here)["taken"]) == 3000


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


def test_many_of_one_name_are_all_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for number in range(500):
        (here / f"n{number}/x/.git").mkdir(parents=True)
        (here / f"n{number}/x/.git/config").touch()

    assert len(swept(here)["taken"]) == len(set_aside(here)) == 500


@pytest.mark.parametrize("where", [".git", ".git/modules/library"])
def test_of_other_stores_of_objects_only_those_stay_that_no_run_can_write(
    tmp_path: Path, where: str
) -> None:
    here = repository(tmp_path / "w")
    theirs = repository(tmp_path / "theirs") / ".git/objects"
    alternates = here / where / "objects/info/alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    (here / "own").mkdir()
    os.mkfifo(here / "own/pack.idx")
    (tmp_path / "link").symlink_to(here)
    alternates.write_text(f"{theirs}\n")
    guarded = [str(here / where)] if "modules" in where else []
    found = swept(here, guarded=guarded)
    assert (found["lost"], found["removed"]) == ([], ["own/pack.idx"])

    bad = ["../../own", "../../../../own", "/proc/self/cwd/own", "\0"]
    bad += map(str, (here / "own", tmp_path / "link/own"))
    for line in bad:
        alternates.write_text(f"{theirs}\n{line}\n")
        assert swept(here, later(alternates) + 60, guarded=guarded)["lost"] == [], (
            "it is a person's"
        )
        assert swept(here, guarded=guarded)["lost"] == [str(alternates.relative_to(here / ".git"))]
        assert alternates.read_text() == f"{theirs}\n"
    assert len(set_aside(here)) == len(bad)
