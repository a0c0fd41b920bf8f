"""What the broom mends in `.git` and its submodules, and how deep it goes for little memory."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pmrunnerd.services import broom
from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import ASIDE, set_aside, swept

LOGS = {
    "a file for all of them": "rm -r logs; echo x > logs",
    "a file for those of branches": "rm -r logs/refs/heads; echo x > logs/refs/heads",
    "a directory for that of HEAD": "rm logs/HEAD; mkdir -p logs/HEAD/x; echo x > logs/HEAD/x/y",
    "a directory for that of a branch": (
        "rm logs/refs/heads/main; mkdir -p logs/refs/heads/main/x; echo x > logs/refs/heads/main/x/y"
    ),
}


@pytest.mark.parametrize("where", ["the workspace", "a submodule"])
@pytest.mark.parametrize("what", LOGS)
def test_git_can_write_its_logs_again(tmp_path: Path, what: str, where: str) -> None:
    here = repository(tmp_path / "w")
    at = here / ".git"
    if where == "a submodule":
        at = here / ".git/modules/library"
        at.parent.mkdir()
        repository(tmp_path / "library").joinpath(".git").rename(at)
    subprocess.run(["bash", "-ec", LOGS[what]], cwd=at, check=True)
    swept(here, guarded=[str(at)] if where == "a submodule" else [])

    for words in (["update-ref", "HEAD", "HEAD"], ["commit", "--allow-empty", "--message=x"]):
        git(here, f"--git-dir={at}", *words)
    assert (at / "logs/HEAD").is_file()


BROKEN = {
    "no references": "rm -r refs",
    "a file for references": "rm -r refs; echo x > refs",
    "a file for branches": "rm -r refs/heads; echo x > refs/heads",
    "a directory for a HEAD": "rm HEAD; mkdir -p HEAD/x",
    "a directory for an index": "rm -f index; mkdir -p index/x",
    "a directory for packed references": "rm -f packed-refs; mkdir -p packed-refs/x",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_submodule_is_a_repository_again_once_it_has_a_head(tmp_path: Path, what: str) -> None:
    here = repository(tmp_path / "w")
    at = here / ".git/modules/library"
    at.parent.mkdir()
    library = repository(tmp_path / "library")
    began = head(library)
    library.joinpath(".git").rename(at)
    subprocess.run(["bash", "-ec", BROKEN[what]], cwd=at, check=True)
    swept(here, guarded=[str(at)])

    if not (at / "HEAD").exists():
        (at / "HEAD").write_text("ref: refs/heads/main\n")
    words = ("update-ref", "HEAD", began)
    git(here, f"--git-dir={at}", f"--work-tree={library}", *words)
    git(here, f"--git-dir={at}", f"--work-tree={library}", "reset", "--hard")


def _deep(top: Path, levels: int) -> int:
    """Make directories in one another and return the innermost, open."""
    at = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deeper", dir_fd=at)
        there = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = there
    return at


def test_a_tree_deeper_than_any_path_is_looked_through(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    at = _deep(here, 3000)
    os.mkdir(".git", dir_fd=at)
    os.close(os.open(".git/config", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)

    since = time.time() + 1
    assert swept(here, since)["taken"] == [], "it is a person's"
    (taken,) = swept(here)["taken"]
    assert 3800 < len(taken) < 4056
    kept = here / ".git/pm-runner-kept" / ASIDE
    find = ["find", ".", "-name", ".git*", "-printf", "%f"]
    assert subprocess.check_output(find, cwd=kept, text=True) == ".git.kept"
    subprocess.run(["rm", "-rf", str(here)], check=True)


def test_what_lies_too_deep_in_git_s_own_goes_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.close(_deep(here / ".git/refs", 3000))

    found, aside = swept(here), set_aside(here)
    find = ["find", ".git/refs", "-printf", "%p\\n"]
    paths = subprocess.check_output(find, cwd=here, text=True).split()
    subprocess.run(["rm", "-rf", str(here)], check=True)

    assert found == {"taken": [], "stuck": [], "lost": [], "removed": []}
    assert aside == {"deeper"}
    assert 3700 < max(map(len, paths)) < 3900


def test_a_deep_tree_takes_no_memory_to_speak_of(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.close(_deep(here, 8000))
    told = {"top": str(here), "aside": ASIDE, "since": time.time() + 1, "guarded": []}
    more = {"branch": "main", "remove": []}
    program = (sys.executable, "-I", "-S", broom.__file__, json.dumps(told | more))
    # Each path in full would be more than 200 MB.
    limited = ("sh", "-ec", 'ulimit -v 131072; exec "$@"', "sh", *program)
    done = subprocess.run(limited, capture_output=True, timeout=60, check=False)
    subprocess.run(["rm", "-rf", str(here)], check=True)

    assert done.returncode == 0, done.stderr.decode()[-300:]
