import json
import os
import socket
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import ASIDE, broomed, set_aside, swept
from tests.unit.shortage import PRIVATE


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
    # A mount point can be moved by nobody.
    script = 'cd "$1"; shift; for one in %s; do mount --bind $one $one; done; exec "$@"'
    unshared = (*PRIVATE, "sh", "-ec", script % " ".join(mounts), "sh", str(here))
    done = broomed(here, *unshared, branch="main", remove=[])
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


def test_very_many_repositories_go_in_one_go(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for number in range(3000):
        (here / f"n{number}/.git").mkdir(parents=True)
        (here / f"n{number}/.git/config").touch()

    assert len(swept(here)["taken"]) == 3000


def test_pipes_go_and_all_else_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.mkfifo(here / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(here / "server"))
    for name in (".gitattributes", "src/.gitignore"):
        (here / name).parent.mkdir(exist_ok=True)
        os.mkfifo(here / name)
    (here / "link").symlink_to("nowhere")
    swept(here)

    assert sorted(path.name for path in here.iterdir()) == [
        *(".git", ".gitignore", "kept.txt", "link", "server", "src")
    ]
    assert list((here / "src").iterdir()) == []
