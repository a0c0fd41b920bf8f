"""What lies in the way of git, taken away by the broom."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import later, swept

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
    swept(here)

    git(here, "commit", "--quiet", "--allow-empty", "-m", "goes on")
    git(here, "pack-refs", "--all")


def test_a_lock_of_before_the_run_stays_whatever_time_somebody_gave_alater_one(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    old, own = here / ".git/config.lock", here / ".git/own.lock"
    old.touch()
    since = later(old)
    own.touch()
    os.utime(own, (0, 0))
    swept(here, since)

    assert old.exists()
    assert not own.exists()


def test_what_only_looks_like_a_lock_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module, file = here / ".git/modules/door.lock", here / "yarn.lock"
    module.mkdir(parents=True)
    file.touch()
    swept(here)

    assert module.is_dir()
    assert file.is_file()


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
    swept(here, remove=["rebase-merge"])

    assert head(here)
    assert (
        git(here, "status", "--porcelain")
        == "D  .gitignore\nD  kept.txt\n?? .gitignore\n?? kept.txt\n"
    )
    assert not (here / ".git/refs").is_symlink()
    assert not (here / ".git/refs/pm-runner").is_symlink()
    assert not (here / ".git/pm-runner-index").exists()


def test_names_as_long_as_they_can_be_and_directories_that_nobody_may_search_stop_nothing(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    for number in range(3):
        (here / f".git/{number}/{'x' * 250}.lock").mkdir(parents=True)
    shut = here / "shut"
    shut.mkdir()
    (shut / "inner").mkdir()
    shut.chmod(0o644)
    since = later(shut)
    repository(here / "own")
    os.utime(shut)

    assert swept(here, since)["taken"] == ["own"]
    shut.chmod(0o755)
