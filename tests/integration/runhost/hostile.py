"""Programs that a workspace's git can be told to execute: how each is planted, and what springs it."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.unit.services.parts import git, repository


class Plant(NamedTuple):
    """A script that plants a program which makes `$TRAP`, and the commands that execute it."""

    plant: str
    spring: str
    # Git itself gives up where such a program is no good: then a run is held back.
    stops_git: bool = False


_HOOK = "printf '#!/bin/sh\\ntouch %s\\n' $TRAP > {0}; chmod +x {0}"
_ATTRIBUTE = "echo '* {0}' >> .git/info/attributes"
_EDIT = "echo more >> kept.txt"

PLANTS = {
    "core.fsmonitor": Plant('git config core.fsmonitor "touch $TRAP; false #"', "git status"),
    "core.hooksPath": Plant(
        f"mkdir -p .git/planted; {_HOOK.format('.git/planted/pre-commit')};"
        " git config core.hooksPath .git/planted",
        "git commit --allow-empty -m x",
    ),
    **{
        f"the hook {hook}": Plant(
            f"mkdir -p .git/hooks; {_HOOK.format(f'.git/hooks/{hook}')}",
            "git checkout -b new; touch y; git add y; git commit -m x",
        )
        for hook in (
            *("pre-commit", "commit-msg", "post-commit", "post-checkout"),
            *("post-index-change", "reference-transaction"),
        )
    },
    "filter.clean": Plant(
        f'{_ATTRIBUTE.format("filter=x")}; git config filter.x.clean "touch $TRAP; cat"',
        f"{_EDIT}; git add kept.txt",
    ),
    "filter.smudge": Plant(
        f'{_ATTRIBUTE.format("filter=x")}; git config filter.x.smudge "touch $TRAP; cat"',
        "rm kept.txt; git checkout kept.txt",
    ),
    "filter.process": Plant(
        f'{_ATTRIBUTE.format("filter=x")}; git config filter.x.process "touch $TRAP; false"',
        f"{_EDIT}; git add kept.txt",
        stops_git=True,
    ),
    "diff.textconv": Plant(
        f'{_ATTRIBUTE.format("diff=x")}; git config diff.x.textconv "touch $TRAP; cat"',
        f"{_EDIT}; git diff",
    ),
    "diff.command": Plant(
        f'{_ATTRIBUTE.format("diff=x")}; git config diff.x.command "touch $TRAP; true"',
        f"{_EDIT}; git diff",
    ),
    "diff.external": Plant('git config diff.external "touch $TRAP; true"', f"{_EDIT}; git diff"),
    "merge.driver": Plant(
        f'{_ATTRIBUTE.format("merge=x")}; git config merge.x.driver "touch $TRAP; false"',
        "git checkout -b side; echo a > kept.txt; git commit -am a; git checkout main;"
        " echo b > kept.txt; git commit -am b; git merge side",
    ),
    "include.path": Plant(
        'git config -f .git/planted core.fsmonitor "touch $TRAP; false #";'
        " git config include.path planted",
        "git status",
    ),
    "includeIf": Plant(
        'git config -f .git/planted core.fsmonitor "touch $TRAP; false #";'
        " git config 'includeIf.gitdir:**.path' planted",
        "git status",
    ),
    "config.worktree": Plant(
        "git config extensions.worktreeConfig true;"
        ' git config -f .git/config.worktree core.fsmonitor "touch $TRAP; false #"',
        "git status",
    ),
    "core.sshCommand": Plant(
        'git config core.sshCommand "touch $TRAP; false"', "git fetch ssh://invalid/x"
    ),
    "core.editor": Plant('git config core.editor "touch $TRAP; false"', "git commit --allow-empty"),
    "core.pager": Plant(
        'git config core.pager "touch $TRAP; cat"', "script -qec 'git log' /dev/null"
    ),
    "gpg.program": Plant(
        f"{_HOOK.format('.git/planted')}; git config commit.gpgSign true;"
        " git config gpg.program $PWD/.git/planted",
        "git commit --allow-empty -m x",
    ),
    "credential.helper": Plant(
        'git config credential.helper "!touch $TRAP;"',
        "printf 'protocol=https\\nhost=invalid\\n\\n' | git credential fill",
    ),
    "an alias": Plant('git config alias.st "!touch $TRAP"', "git st"),
    "remote.uploadpack": Plant(
        'git config remote.origin.url .; git config remote.origin.uploadpack "touch $TRAP;"',
        "git fetch origin",
    ),
    "trailer.command": Plant(
        'git config trailer.x.command "touch $TRAP"', "git interpret-trailers --trailer x=1"
    ),
}


def person(workspace: Path, script: str, trap: Path) -> None:
    """Do in a shell what people do, with whatever their git is told to execute."""
    subprocess.run(
        ["bash", "-c", script],
        cwd=workspace,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/nonexistent",
            "TRAP": str(trap),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Anna",
            "GIT_AUTHOR_EMAIL": "anna@example.invalid",
            "GIT_COMMITTER_NAME": "Anna",
            "GIT_COMMITTER_EMAIL": "anna@example.invalid",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def planted(path: Path, plant: Plant, trap: Path) -> Path:
    """Make a repository in which somebody has planted a program."""
    here = repository(path)
    person(here, plant.plant, trap)
    return here


# Each is tried by an agent on the submodule `library`, or on a repository of its own.
CONFIG = 'git config -f {0} core.fsmonitor "touch $TRAP; false #"'
SUBMODULE_PLANTS = {
    "its configuration": CONFIG.format(".git/modules/library/config"),
    "a repository in its place": (
        "rm library/.git; cp -r .git/modules/library library/.git; rm library/.git/commondir;"
        f" git config -f library/.git/config --unset core.worktree; {CONFIG.format('library/.git/config')}"
    ),
    "another repository for it": (
        "mkdir -p .git/other; cp -r .git/modules/library/. .git/other; rm .git/other/commondir;"
        " git config -f .git/other/config --unset core.worktree;"
        f" echo 'gitdir: ../.git/other' > library/.git; {CONFIG.format('.git/other/config')}"
    ),
    "a new one that it commits itself": (
        "git init -q own; git -C own commit -q --allow-empty -m x; git add own; git commit -qm own;"
        f" {CONFIG.format('own/.git/config')}"
    ),
    "a new one in the submodule": (
        "git init -q library/own; git -C library/own commit -q --allow-empty -m x;"
        f" git -C library add own; {CONFIG.format('library/own/.git/config')}"
    ),
}


def with_submodule(path: Path) -> Path:
    """Make a repository with a submodule `library`."""
    here, library = repository(path), repository(path.with_name(f"{path.name}-library"))
    allow = ("-c", "protocol.file.allow=always")
    git(here, *allow, "submodule", "add", "--quiet", str(library), "library")
    git(here, "commit", "--quiet", "--message=add")
    return here
