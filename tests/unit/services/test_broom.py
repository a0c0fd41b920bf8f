import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.services import broom
from tests.unit.services.parts import RUN, eventually, git, head, repository

ASIDE = f"{RUN}-01234567"


def _swept(here: Path, since: float = 0.0, **more: object) -> dict[str, Any]:
    told = {"top": str(here), "aside": ASIDE, "since": since, "guarded": [], "branch": "main"}
    argv = [sys.executable, "-I", "-S", broom.__file__, json.dumps(told | {"remove": []} | more)]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert not done.stderr, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _later(path: Path) -> float:
    """Return a moment after the last change of a file, which has passed."""
    moment = path.lstat().st_ctime + 0.001
    eventually(lambda: time.time() > moment + 0.01)
    return moment


def _aside(here: Path) -> set[str]:
    directory = here / ".git/pm-runner-kept" / ASIDE
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


@pytest.mark.parametrize(
    "name", ["own", "-rf", "a b/c\nd", "deep/" * 30 + "own", os.fsdecode(b"\xff"), "kept"]
)
def test_a_repository_of_the_run_s_making_goes_whatever_its_name(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    repository(here / name)

    assert _swept(here) == {"taken": [name], "stuck": []}
    assert not (here / name).exists()
    (kept,) = _aside(here)
    moved = here / ".git/pm-runner-kept" / ASIDE / kept
    (moved / ".git.kept").rename(moved / ".git")
    assert git(moved, "log", "--format=%s") == "start\n"
    assert _swept(here) == {"taken": [], "stuck": []}


def test_two_of_one_name_are_both_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(here / "a/own")
    repository(here / "b/own")

    assert sorted(_swept(here)["taken"]) == ["a/own", "b/own"]
    assert _aside(here) == {"own", "own-2"}


def test_one_that_was_there_before_and_is_as_it_was_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "ignored/inner")
    since = _later(inner / ".git/index")
    git(inner, "commit", "--quiet", "--allow-empty", "-m", "more")

    assert _swept(here, since)["taken"] == []


PIECES: dict[str, Callable[[Path], object]] = {
    "its configuration": lambda inner: git(inner, "config", "core.fsmonitor", "x"),
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
    since = _later(inner / "prepared")
    PIECES[what](inner)

    assert _swept(here, since)["taken"] == ["ignored/inner"]


def test_a_file_that_leads_to_a_guarded_submodule_stays_and_any_other_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module = here / ".git/modules/library"
    repository(tmp_path / "library").joinpath(".git").rename(tmp_path / "git")
    module.parent.mkdir()
    (tmp_path / "git").rename(module)
    (here / "library").mkdir()
    for content in (b"gitdir: ../.git/modules/library\n", f"gitdir: {module}".encode()):
        (here / "library/.git").write_bytes(content)
        assert _swept(here, guarded=[str(module)])["taken"] == []
    for content in (
        *(b"gitdir: ../.git/other", b"gitdir: ../evil\0/../../.git/modules/library", b"junk", b""),
    ):
        (here / "library").mkdir(exist_ok=True)
        (here / "library/.git").write_bytes(content)
        assert _swept(here, guarded=[str(module)])["taken"] == ["library"]


def test_a_directory_that_is_a_repository_without_a_tree_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "src").mkdir()
    git(here, "init", "--quiet", "--bare", "src/bare")

    assert _swept(here)["taken"] == ["src/bare"]


def test_a_workspace_that_was_made_one_itself_is_none_any_more(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for name in ("objects", "refs"):
        (here / name).mkdir()
    (here / ".git/HEAD").rename(here / "HEAD")
    _swept(here)

    assert not (here / "HEAD").exists()
    assert git(here, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert head(here)


def test_what_cannot_be_moved_is_no_repository_any_more_or_no_index_names_it(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "own")
    with subprocess.Popen(
        [
            "unshare",
            "--mount",
            "sh",
            "-ec",
            'mount --bind "$1" "$1"; echo on; read -r _; shift; exec "$@"',
            "sh",
            str(inner),
            sys.executable,
            "-I",
            "-S",
            broom.__file__,
            json.dumps(
                {
                    "top": str(here),
                    "aside": ASIDE,
                    "since": 0.0,
                    "guarded": [],
                    "branch": "main",
                    "remove": [],
                }
            ),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        out, _ = process.communicate("\n", timeout=60)
    if process.returncode and not out:
        pytest.skip("nothing can be mounted here")

    assert json.loads(out.partition("\n")[2]) == {"taken": ["own"], "stuck": []}
    assert [name for name in os.listdir(inner) if name.startswith(".git.")]  # noqa: PTH208


LOCKS: dict[str, Callable[[Path], object]] = {
    "a file": lambda lock: lock.touch(),
    "a directory": lambda lock: (lock / "deep/er").mkdir(parents=True),
    "a link": lambda lock: lock.symlink_to("nowhere"),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock", "packed-refs.lock"])
def test_whatever_has_the_name_of_a_lock_is_no_obstacle(
    tmp_path: Path, name: str, kind: str
) -> None:
    here = repository(tmp_path / "w")
    LOCKS[kind](here / ".git" / name)
    _swept(here)

    git(here, "commit", "--quiet", "--allow-empty", "-m", "goes on")
    git(here, "pack-refs", "--all")


def test_a_lock_of_before_the_run_stays_whatever_time_somebody_gave_a_later_one(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    old, own = here / ".git/config.lock", here / ".git/own.lock"
    old.touch()
    since = _later(old)
    own.touch()
    os.utime(own, (0, 0))
    _swept(here, since)

    assert old.exists()
    assert not own.exists()


def test_what_only_looks_like_a_lock_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module, file = here / ".git/modules/door.lock", here / "yarn.lock"
    module.mkdir(parents=True)
    file.touch()
    _swept(here)

    assert module.is_dir()
    assert file.is_file()


def test_pipes_and_sockets_go_and_files_and_links_stay(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for name in (".gitattributes", "src/.gitignore"):
        (here / name).parent.mkdir(exist_ok=True)
        os.mkfifo(here / name)
    (here / "link").symlink_to("nowhere")
    _swept(here)

    assert sorted(path.name for path in here.iterdir()) == [
        *(".git", ".gitignore", "kept.txt", "link", "src")
    ]
    assert list((here / "src").iterdir()) == []


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
    _swept(here, remove=["rebase-merge"])

    assert head(here)
    assert (
        git(here, "status", "--porcelain")
        == "D  .gitignore\nD  kept.txt\n?? .gitignore\n?? kept.txt\n"
    )
    assert not (here / ".git/refs").is_symlink()
    assert not (here / ".git/refs/pm-runner").is_symlink()
    assert not (here / ".git/pm-runner-index").exists()


def test_a_tree_deeper_than_any_path_is_looked_through(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    at = os.open(here, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=at)
        there = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = there
    os.mkdir(".git", dir_fd=at)
    os.close(os.open(".git/config", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)

    assert [len(path.split("/")) for path in _swept(here)["taken"]] == [3000]
    subprocess.run(["rm", "-rf", str(here)], check=True)


def test_very_many_repositories_go_in_one_go(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for number in range(3000):
        (here / f"n{number}/.git").mkdir(parents=True)
        (here / f"n{number}/.git/config").touch()

    assert len(_swept(here)["taken"]) == 3000
