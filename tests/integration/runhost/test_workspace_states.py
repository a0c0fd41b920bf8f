"""Workspaces as people leave them: a run works there, or is held back in words, and touches nothing."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed
from pmrunnerd.services import workspace
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox, repository

pytestmark = needs_sandbox


def _edited(here: Path) -> None:
    (here / "kept.txt").write_text("mine\n")


def _staged(here: Path) -> None:
    (here / "x").touch()
    git(here, "add", "x")


def _stashed(here: Path) -> None:
    _edited(here)
    git(here, "stash")


def _conflict(here: Path, *words: str) -> None:
    git(here, "checkout", "--quiet", "-b", "side")
    (here / "kept.txt").write_text("side\n")
    git(here, "commit", "--quiet", "-am", "side")
    git(here, "checkout", "--quiet", "main")
    (here / "kept.txt").write_text("main\n")
    git(here, "commit", "--quiet", "-am", "main")
    with contextlib.suppress(AssertionError):  # it stops half-way
        git(here, *words)


def _unborn(here: Path) -> None:
    shutil.rmtree(here / ".git")
    git(here, "init", "--quiet", "--initial-branch=main")


def _worktree(here: Path) -> None:
    git(here.rename(here.with_name("real")), "worktree", "add", "--quiet", "-b", "x", str(here))


def _bare(here: Path) -> None:
    real = here.rename(here.with_name("real"))
    git(here.parent, "clone", "--quiet", "--bare", str(real), str(here))


def _shallow(here: Path) -> None:
    git(here, "commit", "--quiet", "--allow-empty", "-m", "more")
    real = here.rename(here.with_name("real"))
    git(here.parent, "clone", "--quiet", "--depth=1", f"file://{real}", str(here))
    assert (here / ".git/shallow").exists()


def _new_in_submodule(here: Path) -> None:
    _submodule(here)
    (here / "library/x").touch()


def _hidden_in_submodule(here: Path) -> None:
    _submodule(here)
    git(here / "library", "update-index", "--assume-unchanged", "kept.txt")


def _submodule(here: Path, *, dirty: bool = False, absorbed: bool = True) -> None:
    library = repository(here.with_name("library"))
    allow = ("-c", "protocol.file.allow=always")
    git(here, *allow, "submodule", "add", "--quiet", str(library), "library")
    git(here, "commit", "--quiet", "-m", "add")
    if dirty:
        (here / "library/kept.txt").write_text("mine\n")
    if not absorbed:
        (here / "library/.git").unlink()
        (here / ".git/modules/library").rename(here / "library/.git")
        git(here / "library", "config", "core.worktree", "..")


# What somebody did, and what they are told; each reason ends with what to do.
HOLDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (_edited, "it has changes that no run made; commit or stash them: kept.txt"),
    "untracked": (lambda here: (here / "x").touch(), "commit or stash them: x"),
    "staged": (_staged, "commit or stash them: x"),
    "in a merge": (
        lambda here: _conflict(here, "merge", "side"),
        "a merge is half done; finish it, or take it back: git merge --abort",
    ),
    "in a rebase": (
        lambda here: _conflict(here, "rebase", "side"),
        "a rebase is half done; finish it, or take it back: git rebase --abort",
    ),
    "in a cherry-pick": (
        lambda here: _conflict(here, "cherry-pick", "side"),
        "a cherry-pick is half done; finish it, or take it back: git cherry-pick --abort",
    ),
    "in a bisection": (lambda here: git(here, "bisect", "start"), "take it back: git bisect reset"),
    "on no branch": (
        lambda here: git(here, "checkout", "--quiet", "--detach"),
        "its HEAD is no branch; check one out: git switch BRANCH",
    ),
    "without a commit": (
        _unborn,
        (
            "it has no commit yet; make one, so that a run has something to go back to:"
            " git commit --allow-empty -m start"
        ),
    ),
    "locked by a git that died": (
        lambda here: (here / ".git/index.lock").touch(),
        (
            "a git command is half done; finish it, or take it back:"
            " rm .git/index.lock, if no git runs here any more"
        ),
    ),
    "with an index that is none": (
        lambda here: (here / ".git/index").write_bytes(b"junk"),
        "index file smaller than expected",
    ),
    "with a submodule's repository in its tree": (
        lambda here: _submodule(here, absorbed=False),
        "and git outside would obey that: git submodule absorbgitdirs",
    ),
    "with a submodule that was edited": (
        lambda here: _submodule(here, dirty=True),
        "it has changes that no run made; commit or stash them: library/kept.txt",
    ),
    "with a submodule that has a new file": (
        _new_in_submodule,
        "it has changes that no run made; commit or stash them: library/x",
    ),
    "with a submodule that hides changes": (
        _hidden_in_submodule,
        "git was told not to look at library/kept.txt, so that changes there are nobody's",
    ),
    "a worktree": (_worktree, "add the repository that it belongs to, or a clone"),
    "bare": (_bare, "its .git is gone; put it back, or remove the project"),
    "gone": (shutil.rmtree, "it is not there"),
}
WORKS: dict[str, Callable[[Path], object]] = {
    "shallow": _shallow,
    "with a submodule": _submodule,
    "with a stash": _stashed,
}


def _content(here: Path) -> dict[str, bytes]:
    """Return all files but what git makes anew whenever it looks."""
    return {
        str(path.relative_to(here)): path.read_bytes()
        for path in here.rglob("*")
        if path.is_file() and path.name != "index"
    }


@pytest.mark.parametrize("state", HOLDS)
def test_a_run_is_held_back_and_says_why_and_what_to_do(tmp_path: Path, state: str) -> None:
    prepare, told = HOLDS[state]
    with Hosts(tmp_path) as hosts:
        prepare(hosts.workspace)
        before = _content(hosts.workspace)
        said = hosts.run("touch ran")

        # Its last word is its only one: the agent never began.
        assert [type(p).__name__ for p in said] == ["Finished"]
        assert end(said).outcome is Outcome.HELD
        assert str(hosts.workspace) in end(said).reason
        assert told in end(said).reason
        assert _content(hosts.workspace) == before
        # The daemon, which looks whether the task can go on, sees it alike.
        problem = asyncio.run(workspace.probe(hosts.workspace, unconfined=False)).problem
        assert told in problem


@pytest.mark.parametrize("state", WORKS)
def test_a_run_works_in_a_workspace_that_is_unusual_and_in_order(
    tmp_path: Path, state: str
) -> None:
    with Hosts(tmp_path) as hosts:
        WORKS[state](hosts.workspace)
        assert asyncio.run(workspace.inspect(hosts.workspace)).problem == ""
        said = hosts.run("echo x > new")
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert len(every(said, Committed)) == 1
        assert end(hosts.run("echo x > half; exit 3")).outcome is Outcome.FAILED
        assert not (hosts.workspace / "half").exists()


def test_an_agent_can_work_in_a_submodule_and_its_commit_there_is_part_of_the_work(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        _submodule(hosts.workspace)
        said = hosts.run(
            "cd library; git switch -qc more; touch new; git add new; git commit -qm new"
        )
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert git(hosts.workspace, "show", "--name-only", "--format=") == "library\n"
        assert git(hosts.workspace / "library", "log", "-1", "--format=%s") == "new\n"
        assert git(hosts.workspace, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("prepare", "told"),
    [(_bare, "it is a bare git repository"), (_worktree, "its .git is a file")],
    ids=["bare", "worktree"],
)
def test_what_can_be_no_workspace_is_refused_before_any_run_with_what_to_do(
    tmp_path: Path, prepare: Callable[[Path], object], told: str
) -> None:
    here = repository(tmp_path / "workspace")
    prepare(here)
    found = asyncio.run(workspace.inspect(here))

    assert told in found.problem
    assert "clone" in found.hint


@pytest.mark.parametrize("ending", ["exit 0", "exit 3", "sleep 99"])
def test_a_workspace_that_is_deleted_during_a_run_ends_it_explained(
    tmp_path: Path, ending: str
) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start(f"echo on; while [ -e kept.txt ]; do sleep 0.01; done; {ending}")
        hosts.until(run, "on")
        shutil.rmtree(hosts.workspace, ignore_errors=True)
        if ending == "sleep 99":
            hosts.stop(run)
        said = hosts.over(run)
        assert end(said).outcome in {Outcome.FAILED, Outcome.INTERRUPTED}
        assert str(hosts.workspace) in end(said).reason, end(said).reason
        assert "this is a bug" not in end(said).reason
        assert every(said, Committed) == []

        # Put back, it is worked in again.
        shutil.rmtree(hosts.workspace, ignore_errors=True)
        repository(hosts.workspace)
        assert end(hosts.run("echo x > new", earlier=(run,))).outcome is Outcome.SUCCEEDED
