import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from pmrunnerd.services import guard, marker, sandbox
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.git import identity
from pmrunnerd.services.outcome import Exited, collect
from pmrunnerd.services.sandbox import Sandbox
from tests.unit.services.parts import (
    ENVIRONMENT,
    RUN,
    confined,
    git,
    head,
    needs_sandbox,
    repository,
)

# Each puts a program where git outside would find it; {trap} is what it then would make.
PLANTS = {
    "fsmonitor": "git config core.fsmonitor 'touch {trap}; false #'",
    "fsmonitor, written": "printf '[core]\\nfsmonitor = touch {trap}; false #\\n' >> .git/config",
    "a hook": "echo 'touch {trap}' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout",
    "hooks, moved": (
        "mv .git/hooks .git/old; mkdir .git/hooks;"
        " echo 'touch {trap}' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout"
    ),
    "attributes": (
        "git config filter.x.clean 'touch {trap}; cat'; echo '* filter=x' > .git/info/attributes;"
        " touch -d yesterday kept.txt"
    ),
    "another .git": (
        "mv .git old; cp -r old .git; git config core.fsmonitor 'touch {trap}; false #'"
    ),
    "a config that is read only in here": (
        "printf '[core]\\nfsmonitor = touch {trap}; false #\\n' > .git/config.worktree"
    ),
    "another config": (
        "mkdir x; cp -r .git/config .git/objects .git/refs x; echo ../x > .git/commondir;"
        " git config -f x/config core.fsmonitor 'touch {trap}; false #'"
    ),
}


def _inside(workspace: Path, script: str) -> Exited:
    async def run() -> Exited:
        environment = {**ENVIRONMENT, **identity(RUN)}
        running = await confined(workspace).start(["bash", "-c", script], environment)
        outcome = await collect(running, total=60, limit=100_000)
        assert isinstance(outcome, Exited)
        return outcome

    return asyncio.run(run())


def _repository(path: Path) -> Path:
    """Make one that has asked for a configuration of each worktree, and has none yet."""
    here = repository(path)
    git(here, "config", "extensions.worktreeConfig", "true")
    return here


def _person(workspace: Path) -> None:
    """Do what a person does next, wherever that leads."""
    for words in (["status"], ["checkout", "-q", "-b", "next"]):
        subprocess.run(["git", *words], cwd=workspace, capture_output=True, check=False)


@needs_sandbox
@pytest.mark.parametrize("plant", PLANTS)
def test_nothing_that_a_script_plants_is_executed_outside(tmp_path: Path, plant: str) -> None:
    trap = tmp_path / "trap"
    script = PLANTS[plant].format(trap=trap)
    guarded = _repository(tmp_path / "guarded")
    _inside(guarded, script)
    guard.lift(guarded)
    _person(guarded)
    assert not trap.exists()
    assert git(guarded, "branch", "--show-current") == "next\n"

    open_ = _repository(tmp_path / "open")
    bwrap = sandbox.find()
    assert bwrap is not None
    argv = Sandbox(bwrap=bwrap, machine=sandbox.look(), workspace=open_).argv(
        ["bash", "-c", script], {**ENVIRONMENT, **identity(RUN)}
    )
    subprocess.run(argv, capture_output=True, check=False)
    _person(open_)
    assert trap.exists(), "without the guard it would have been"


@needs_sandbox
def test_ordinary_scripts_use_git_as_ever(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    done = _inside(
        here,
        "set -e; touch a; git add a; git commit -qm a; git checkout -qb side; touch b; git add b;"
        " git commit -qm b; git checkout -q main; git merge -q side; touch c; git stash -qu;"
        " git stash pop -q; git tag x; git reset -q --hard; git gc -q; git log --format=%s",
    )

    assert done.out.endswith(b"b\na\nstart\n"), done.err
    assert done.status == 0
    guard.lift(here)
    assert git(here, "status", "--porcelain") == "?? c\n"


def test_what_must_be_there_is_made_and_lifted(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    before = head(here)
    for name in ("hooks", "info"):
        for path in (here / ".git" / name).iterdir():
            path.unlink()
        (here / ".git" / name).rmdir()
    found = guard.find(here)

    names = [
        *("config", "config.worktree", "commondir"),
        *("hooks", "info", "modules", "pm-runner-kept", "worktrees"),
    ]
    assert [one.path.name for one in found] == names
    assert guard.find(here) == found
    assert head(here) == before
    guard.lift(here)
    for name in ("commondir", "config.worktree", "modules", "pm-runner-kept", "worktrees"):
        assert not (here / ".git" / name).exists()
    assert guard.find(tmp_path) == ()


def test_a_configuration_that_is_gone_is_made_and_stays_so_that_nobody_else_makes_one(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/config").unlink()
    before = head(here)

    assert here / ".git/config" in [one.path for one in guard.find(here)]
    guard.lift(here)
    assert (here / ".git/config").read_text() == ""
    assert head(here) == before


def test_a_submodule_without_a_head_is_still_one_and_its_logs_are_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module = here / ".git/modules/library"
    module.parent.mkdir()
    repository(tmp_path / "library").joinpath(".git").rename(module)
    (module / "HEAD").unlink()
    assert (module / "logs/HEAD").exists()

    assert list(guard.submodules(here / ".git")) == [module]


@pytest.mark.parametrize("kind", ["file", "fifo", "directory", "link"])
def test_a_note_is_guarded_and_what_is_none_is_nothing(tmp_path: Path, kind: str) -> None:
    here = repository(tmp_path / "w")
    note = here / ".git" / marker.NAME
    match kind:
        case "fifo":
            os.mkfifo(note)
        case "directory":
            note.mkdir()
        case "link":
            note.symlink_to(here / "kept.txt")
        case _:
            note.touch()

    assert (note in [one.path for one in guard.find(here)]) is (kind == "file")


@pytest.mark.parametrize("name", ["config", "config.worktree", "hooks", "info", "commondir", ""])
def test_a_link_is_not_guarded_but_refused(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    real, link = tmp_path / "real", here.joinpath(".git", *filter(None, [name]))
    if link.exists():
        link.rename(real)
    else:
        real.touch()
    link.symlink_to(real)

    with pytest.raises(CannotConfine, match=f"cannot guard {link}"):
        guard.find(here)


def test_a_history_that_lies_elsewhere_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/commondir").write_text("../../real\n")

    with pytest.raises(CannotConfine, match="its history lies elsewhere"):
        guard.find(here)
    guard.lift(here)
    assert (here / ".git/commondir").read_text() == "../../real\n"
