"""Repositories that a run makes anywhere: whatever a person does there, nothing of it runs."""

from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Kept
from tests.integration.runhost.hostile import CONFIG, person
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox, repository

pytestmark = needs_sandbox

# What a person does in a directory below the workspace, or in a working tree elsewhere.
_EVIL = "git init -q {0}; git -C {0} commit -q --allow-empty -m x; " + CONFIG.format(
    "{0}/.git/config"
)
_BARE = (
    "cp -r .git/objects .git/refs .git/HEAD {0};"
    " printf '[core]\\nrepositoryformatversion=0\\nbare=false\\nworktree=.\\n"
    'fsmonitor="touch %s; false #"\\n\' $TRAP > {0}/config'
)
# Git is led to it by a `commondir`, and to the working tree by a `config.worktree`.
_LED_AWAY = (
    "mkdir -p src/bare src/common; cp -r .git/objects .git/refs src/common; cp .git/HEAD src/bare;"
    " echo ../common > src/bare/commondir; f=src/common/config;"
    " git config -f $f core.repositoryformatversion 1; git config -f $f extensions.worktreeConfig true;"
    f" {CONFIG.format('$f')}; git config -f src/bare/config.worktree core.worktree .;"
    " git config -f src/bare/config.worktree core.bare false"
)
_OTHER_GIT = (
    "mkdir -p .git/evil; cp -r .git/objects .git/refs .git/HEAD .git/evil;"
    f" {CONFIG.format('.git/evil/config')}"
)
ELSEWHERE = {
    "in a directory of the project": (_EVIL.format("src"), "cd src && git status"),
    "in a directory that is ignored": (
        f"mkdir ignored; {_EVIL.format('ignored/own')}",
        "cd ignored/own && git status",
    ),
    "without a working tree": (
        f"mkdir src/bare; {_BARE.format('src/bare')}; git add -A; git commit -qm x",
        "cd src/bare && git status",
    ),
    "beside an empty .git": (
        f"mkdir -p src/.git; {_BARE.format('src')}",
        "cd src && git status",
    ),
    "with its configuration elsewhere": (_LED_AWAY, "cd src/bare && git status"),
    "the workspace itself": (f"{_BARE.format('.')}; rm .git/HEAD", "git status"),
    "what was set aside": (
        f"{_EVIL.format('own')}; git add own; {_EVIL.format('own/inner')}",
        "cd .git/pm-runner-kept/*/own && git status; cd inner && git status",
    ),
    "a working tree elsewhere": (
        f"{_OTHER_GIT}; echo ../../evil > .git/worktrees/other/commondir",
        "cd ../other && git status",
    ),
}


def _with_more(path: Path) -> Path:
    """Make a workspace with a directory, and a working tree of it elsewhere."""
    here = repository(path)
    (here / "src").mkdir()
    (here / "src/code").touch()
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "more")
    git(here, "worktree", "add", "--quiet", "--detach", str(path.with_name("other")))
    return here


@pytest.mark.parametrize("ending", ["true", "exit 3"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_a_run_makes_of_any_place_never_runs_outside(
    tmp_path: Path, name: str, ending: str
) -> None:
    (plant, spring), trap = ELSEWHERE[name], tmp_path / "trap"
    here = _with_more(tmp_path / "workspace")
    with Hosts(tmp_path) as hosts:
        hosts.run(f"set +e; TRAP={trap}; {plant}; {ending}")
        person(here, spring, trap)
        assert not trap.exists()
        assert git(here, "status", "--porcelain") == ""
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED

    if name != "what was set aside":
        open_ = _with_more(tmp_path / "open/workspace")
        person(open_, plant, trap)
        trap.unlink(missing_ok=True)
        person(open_, spring, trap)
        assert trap.exists()


def test_a_repository_in_what_is_ignored_is_no_failure_and_where_it_went_is_told(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("git init -q ignored/own; touch ignored/own/file; echo x > work")
        assert end(said).outcome is Outcome.SUCCEEDED, said
        (kept,) = every(said, Kept)
        assert (hosts.workspace / kept.aside / "own/file").exists()
