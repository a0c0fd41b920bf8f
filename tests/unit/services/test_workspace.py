import asyncio
import fcntl
import os
import shlex
import time
from pathlib import Path
from typing import cast

import pytest

from pmrunnerd.services import marker, workspace
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.workspace import Inspection
from tests.unit.services.parts import (
    eventually,
    git,
    head,
    needs_root,
    needs_sandbox,
    processes,
    repository,
)
from tests.unit.services.people import open_to_all, ordinary


def _inspect(path: Path, *hidden: Path) -> Inspection:
    return asyncio.run(workspace.inspect(path, hidden))


def _examine(path: Path) -> Inspection:
    return asyncio.run(workspace.examine(path, unconfined=False))


def _probe(path: Path) -> str:
    return asyncio.run(workspace.probe(path, unconfined=False)).problem


def test_a_repository_can_be_a_workspace_under_its_real_name(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (tmp_path / "link").symlink_to(here)

    assert _inspect(tmp_path / "link") == Inspection(path=here)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("missing", "it does not exist"),
        ("file", "it is no directory"),
        ("plain", "it is no git repository"),
        ("worktree", "its .git is a file"),
        ("linked", "its .git is no directory"),
        ("circle", ""),
        ("bare", "it is a bare git repository"),
        ("inside", "it is only a part of the git repository"),
    ],
)
def test_what_cannot_be_a_workspace_is_told_with_its_reason(
    tmp_path: Path, kind: str, problem: str
) -> None:
    here = tmp_path / "here"
    match kind:
        case "file":
            here.touch()
        case "plain":
            here.mkdir()
        case "worktree":
            git(repository(tmp_path / "w"), "worktree", "add", "--quiet", "-b", "x", str(here))
        case "linked":
            here.mkdir()
            (here / ".git").symlink_to(repository(tmp_path / "w") / ".git")
        case "bare":
            git(tmp_path, "init", "--quiet", "--bare", str(here))
        case "inside":
            here = repository(here) / "part"
            here.mkdir()
        case "circle":
            here.symlink_to(here)
    found = _inspect(here)

    assert found.problem
    assert problem in found.problem


def test_what_helps_can_be_pasted_or_is_not_there(tmp_path: Path) -> None:
    odd, lines = tmp_path / "a b", tmp_path / "a\nb"
    odd.mkdir()
    lines.mkdir()

    commit = f"git -C '{odd}' -c user.name=me -c user.email=me@localhost commit"
    hint = f"git init '{odd}' && {commit} --allow-empty -m start"
    assert _inspect(odd).hint == hint
    assert _inspect(lines).hint == ""
    mistyped = _inspect(tmp_path / "none" / "deep")
    assert (mistyped.hint, mistyped.missing) == (f"ls {tmp_path}", True)


def test_a_workspace_around_or_inside_the_state_is_told(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    around = _inspect(here, here / "state")
    assert "lies in it" in around.problem
    assert around.hint == f"git clone {here} ~/w-work && pmrunnerctl project add w ~/w-work"
    assert _inspect(tmp_path, here / "state").hint == "", "no checkout"
    assert "it lies in" in _inspect(here, tmp_path).problem
    assert "would be an agent's to change" in _inspect(Path("/usr")).problem


@needs_root
def test_root_is_told_that_it_cannot_work_for_somebody_else(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.chown(here, 12345, 12345)

    found = _inspect(here)
    assert "it belongs to uid 12345" in found.problem
    assert "chown -R root" in found.hint


@pytest.mark.parametrize("closed", [".", ".git"])
def test_a_repository_that_its_runs_may_not_write_is_told_before_any_of_them(closed: str) -> None:
    with open_to_all() as elsewhere:
        here = repository(elsewhere / "w")
        place = here / closed
        place.chmod(0o555)
        with ordinary(here):
            uid = os.geteuid()
            found, probed = _inspect(here), _probe(here)
        place.chmod(0o755)

    assert found.problem == f"a run works as uid {uid}, which may not write {place}"
    assert found.hint == f"ls -ld {place}"
    assert probed == found.problem


def test_looking_runs_nothing_and_opens_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    (here / ".git/config").chmod(0o000)
    (here / ".git/objects").chmod(0o000)

    assert _inspect(here).problem == ""
    assert not (tmp_path / "ran").exists()
    (here / ".git/objects").chmod(0o755)


@needs_sandbox
def test_a_repository_without_a_commit_is_told_with_what_makes_one(tmp_path: Path) -> None:
    here = tmp_path / "a b"
    here.mkdir()
    git(here, "init", "--quiet")
    found = _examine(here)
    assert found.problem == "it has no commit yet, and a run needs one to go back to"
    somebody = "-c user.name=me -c user.email=me@localhost"
    assert found.hint == f"git -C '{here}' {somebody} commit --allow-empty -m start"
    git(here, *shlex.split(found.hint)[3:])
    assert _examine(here) == Inspection(path=here)
    git(here, "checkout", "--quiet", "--detach")
    assert _examine(here) == Inspection(path=here)


@needs_sandbox
def test_what_a_look_finds_wrong_no_git_is_asked_about(tmp_path: Path) -> None:
    assert _examine(tmp_path).problem == "it is no git repository"


@needs_sandbox
def test_a_repository_that_git_cannot_read_is_left_for_a_run_to_explain(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/HEAD").write_text("junk\n")
    assert _examine(here).problem == ""


@needs_sandbox
def test_a_repository_over_which_git_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/HEAD").unlink()
    os.mkfifo(here / ".git/HEAD")
    began = time.monotonic()
    found = asyncio.run(workspace.examine(here, unconfined=False, patience=0.5))
    assert found.problem == ""
    assert time.monotonic() - began >= 0.5, "git did hang"
    eventually(lambda: not processes(f"--chdir\0{here}"))


def test_where_no_git_can_be_asked_a_look_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _examine(tmp_path).problem == ""


@needs_sandbox
def test_a_probe_tells_clean_from_a_person_s_changes_and_from_a_run_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    assert _probe(here) == ""
    (here / "draft.txt").touch()
    assert "draft.txt" in _probe(here)
    marker.write(here, Marker(run="r0-dead", head=head(here), branch="main"))
    assert _probe(here) == ""

    runs = tmp_path / "runs"
    found = asyncio.run(workspace.probe(here, unconfined=False, runs=runs))
    assert "draft.txt" in found.problem, "nobody knows that run"
    (runs / "r0-dead").mkdir(parents=True)
    (runs / "r0-dead/spec.json").touch()
    assert not asyncio.run(workspace.probe(here, unconfined=False, runs=runs)).problem


@needs_sandbox
def test_a_probe_of_what_is_no_repository_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    assert "its .git is gone" in _probe(tmp_path)
    assert _probe(tmp_path / "nothing")


@needs_sandbox
def test_a_probe_can_change_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".gitattributes").write_text("*.txt filter=evil\n")
    git(here, "config", "filter.evil.clean", f"touch {here}/ran; cat")
    os.utime(here / "kept.txt", (0, 0))

    assert ".gitattributes" in _probe(here)
    assert not (here / "ran").exists()
    git(here, "status")
    assert (here / "ran").exists(), "the filter would have run"


def test_a_probe_tells_a_workspace_that_somebody_has(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    lock = os.open(here, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    problem = _probe(here)
    os.close(lock)

    assert "another run has it" in problem


def test_a_probe_raises_nothing_whatever_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    assert "no attribute" in _probe(cast("Path", "a mistake of ours"))
    assert caplog.text == "", "whoever asked says it, and not each time"


def test_a_probe_of_a_workspace_that_is_gone_says_so_and_blames_no_sandbox(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    found = asyncio.run(workspace.probe(gone, unconfined=False))

    assert (found.problem, found.hint) == (f"cannot work in {gone}: it is not there", "")
