"""What git can make nothing of, or is not to look at: work is kept, and the next run begins."""

import os
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Kept, PutAway
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, head, needs_root, needs_sandbox, repository

pytestmark = needs_sandbox

# What git cannot make anything of, by accident or not: the run fails, and the next one begins.
TROUBLES = {
    "a repository without a commit": "git init -q own; echo x > own/file",
    "a name that git does not take": "touch 'git~1'",
    "a link that git does not follow": "ln -s x .gitmodules",
    "an object that is nowhere": (
        "git update-index --add --cacheinfo 100644,deadbeefdeadbeefdeadbeefdeadbeefdeadbeef,ghost;"
        " git update-index --skip-worktree ghost"
    ),
    "a pipe that git would read": "rm .gitignore; mkfifo .gitignore; mkdir s; mkfifo s/.gitattributes",
    "a directory for a HEAD": "rm .git/HEAD; mkdir -p .git/HEAD/x",
    "junk for a HEAD": "echo junk > .git/HEAD",
    "a HEAD that is nowhere": "echo deadbeefdeadbeefdeadbeefdeadbeefdeadbeef > .git/HEAD",
    "a HEAD with a name that none can have": "echo 'ref: refs/heads/a..b' > .git/HEAD",
    "a link for a HEAD": "ln -sf nowhere .git/HEAD",
    "junk for its branch": "echo junk > .git/refs/heads/main",
    "a commit that is nowhere for its branch": "echo deadbeefdeadbeefdeadbeefdeadbeefdeadbeef > .git/refs/heads/main",
    "a directory for its branch": "rm .git/refs/heads/main; mkdir -p .git/refs/heads/main/x; cp .git/HEAD .git/refs/heads/main/x/y",
    "junk for packed references": "git pack-refs --all; echo junk >> .git/packed-refs",
    "a directory for packed references": "mkdir -p .git/packed-refs/x",
    "a link for packed references": "ln -s nowhere .git/packed-refs",
    "junk for a shallow history": "echo junk > .git/shallow",
    "a pipe for a shallow history": "mkfifo .git/shallow",
    "a file for branches": "rm -r .git/refs/heads; echo junk > .git/refs/heads",
    "a link for branches": "mv .git/refs/heads x; ln -s ../../x .git/refs/heads",
    "a branch without a commit": "git checkout -q --orphan fresh",
    "no branch any more": "git checkout -q --detach; git branch -q -D main",
    "modules that are not git's": "ln -s x .git/modules/zz",
    "references that lie in the tree": (
        "mkdir x; touch x/y; rm -rf .git/refs/pm-runner; ln -s ../../x .git/refs/pm-runner"
    ),
    "a tree deeper than git goes": (
        "for i in $(seq 40); do n=$(printf 'd%.0s' $(seq 200)); mkdir $n; cd $n; done; touch x"
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_what_git_cannot_make_anything_of_keeps_no_later_run_out(tmp_path: Path, name: str) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        began = head(here)
        said = hosts.run(f"set +e; echo x > work; ({TROUBLES[name]}); exit 3")
        assert end(said).outcome is Outcome.FAILED
        assert git(here, "status", "--porcelain") == "", said
        assert (head(here), git(here, "symbolic-ref", "HEAD")) == (began, "refs/heads/main\n")
        found = [kept for kept in every(said, Kept) if _has_work(here, kept)]
        assert found, said
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("ending", ["true", "exit 3", "pm-ask 'Which?' a b"])
def test_a_run_that_overwrote_references_says_what_is_lost(tmp_path: Path, ending: str) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        git(here, "branch", "side")
        git(here, "pack-refs", "--all")
        said = hosts.run(f"echo x > work; echo junk > .git/packed-refs; {ending}")
        assert end(said).outcome is Outcome.FAILED
        assert "it overwrote .git/packed-refs: branches" in end(said).reason
        (kept,) = every(said, Kept)
        assert kept.aside in end(said).reason
        assert (here / kept.aside / "packed-refs").read_text() == "junk\n"
        assert _has_work(here, kept)
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED


def test_a_run_that_was_killed_over_junk_is_put_away_by_the_next(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        run = hosts.start("echo x > work; echo junk | tee .git/{HEAD,shallow}; echo on; sleep 99")
        hosts.until(run, "on")
        hosts.kill(run)
        hosts.stop(run)
        said = hosts.run("echo x > new", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        (away,) = every(said, PutAway)
        assert git(here, "show", f"{away.ref}:work") == "x\n"
        assert (here / away.aside / "shallow").read_text() == "junk\n"


@needs_root
def test_what_cannot_be_moved_out_of_the_tree_is_said(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        run = hosts.start("touch 'git~1' on; while [ ! -e .git/go ]; do sleep 0.01; done; exit 3")
        eventually((here / "on").exists)
        (here / "theirs").mkdir()
        os.chown(here / "theirs", 65534, 65534)
        (here / ".git/go").touch()
        reason = end(hosts.over(run)).reason
        assert f"what it left stays there: cannot move 'theirs' out of {here}" in reason
        assert (here / "kept.txt").exists()
        (here / "theirs").rmdir()
        assert end(hosts.run("echo x > new", earlier=(run,))).outcome is Outcome.SUCCEEDED


def _has_work(here: Path, kept: Kept) -> bool:
    if kept.aside and (here / kept.aside / "work").exists():
        return True
    return bool(kept.ref) and git(here, "show", f"{kept.ref}:work") == "x\n"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_a_run_hides_from_git_is_its_work_all_the_same(tmp_path: Path, flag: str) -> None:
    hide = f"git update-index {flag} kept.txt; echo hidden > kept.txt"
    with Hosts(tmp_path) as hosts:
        (kept,) = every(hosts.run(f"{hide}; exit 3"), Kept)
        assert git(hosts.workspace, "show", f"{kept.ref}:kept.txt") == "hidden\n"
        assert (hosts.workspace / "kept.txt").read_text() == "kept\n"

        assert end(hosts.run(hide)).outcome is Outcome.SUCCEEDED
        assert git(hosts.workspace, "show", "HEAD:kept.txt") == "hidden\n"


def test_a_change_that_a_person_hid_from_git_keeps_runs_out(tmp_path: Path) -> None:
    here = repository(tmp_path / "workspace")
    git(here, "update-index", "--assume-unchanged", "kept.txt")
    (here / "kept.txt").write_text("mine")
    with Hosts(tmp_path) as hosts:
        said = hosts.run("echo x > new; exit 3")
        assert end(said).outcome is Outcome.HELD
        assert "git was told not to look at kept.txt" in end(said).reason
        assert (here / "kept.txt").read_text() == "mine"


def test_what_is_ignored_stays_whatever_git_cannot_make_anything_of(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        repository(here / "ignored/mine")
        said = hosts.run("touch 'git~1'; echo x > work; exit 3")
        (kept,) = every(said, Kept)
        assert (here / kept.aside / "work").exists()
        assert (here / "ignored/mine/.git").is_dir()
        assert "tree-" in kept.aside, "nobody but a person deletes that"
