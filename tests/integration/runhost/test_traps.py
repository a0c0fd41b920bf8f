"""What a run leaves for git to wait for, or to write to: it is gone at the end, and that is said."""

import asyncio
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Kept
from pmrunnerd.services.aftermath import make_safe
from tests.integration.runhost.hosts import Hosts, end, every, printed
from tests.unit.services.parts import eventually, git, needs_sandbox

pytestmark = needs_sandbox

PIPES = {
    "names of people": "mkfifo .mailmap",
    "rules deep in the tree": "mkdir -p a/b; mkfifo a/b/.gitignore a/.gitattributes .gitmodules",
    "a HEAD": "rm .git/HEAD; mkfifo .git/HEAD",
    "an index": "rm .git/index; mkfifo .git/index .git/packed-refs",
    "a branch": "rm .git/refs/heads/main; mkfifo .git/refs/heads/main",
    "a log": "rm .git/logs/HEAD; mkfifo .git/logs/HEAD",
    "other stores of objects": "mkfifo .git/objects/info/alternates .git/objects/info/commit-graph",
    "a store of objects in the tree": (
        "mkdir -p ignored/o/pack; mkfifo ignored/o/pack/pack-$(printf '1%.0s' {1..40}).idx;"
        " touch ignored/o/pack/pack-$(printf '1%.0s' {1..40}).pack; git add -f work;"
        " echo $PWD/ignored/o > .git/objects/info/alternates"
    ),
    "a socket": "python3 -c 'import socket; socket.socket(1).bind(\".git/FETCH_HEAD\")'",
    "a link to one": "mkfifo pipe; ln -sf ../pipe .git/COMMIT_EDITMSG",
}
LINKS = {
    "a message": "ln -sf {outside} .git/COMMIT_EDITMSG",
    "what was fetched": "ln -sf {outside} .git/FETCH_HEAD",
    "a log": "ln -sf {outside} .git/logs/HEAD",
    "all logs": "rm -r .git/logs; ln -s {outside}.d .git/logs",
    "an index": "mv .git/index x; ln -s {outside} .git/index",
    "a branch": "ln -sf {outside} .git/refs/heads/main",
    "another branch": "ln -sf {outside} .git/refs/heads/other",
    "a HEAD": "ln -sf refs/heads/../../../outside .git/HEAD",
    "objects": "mkdir x; ln -s {outside}.d .git/objects/zz",
}


def _person(here: Path, *words: str) -> None:
    """Have a person's git do something, in a second and whatever comes of it."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_EDITOR": "true"}
    named = ("-c", "user.name=a", "-c", "user.email=a@b")
    argv = ["git", *named, *words]
    subprocess.run(argv, cwd=here, env=clean, capture_output=True, timeout=180, check=False)


def _odd(here: Path) -> list[str]:
    """Return what is neither a file nor a directory in `.git`, but for what was set aside."""
    return [
        str(path)
        for path in (here / ".git").rglob("*")
        if "pm-runner-kept" not in path.parts
        and not stat.S_ISREG(path.lstat().st_mode)
        and not stat.S_ISDIR(path.lstat().st_mode)
    ]


@pytest.mark.parametrize("ending", ["true", "exit 3"])
@pytest.mark.parametrize("name", PIPES)
def test_nothing_waits_for_a_pipe_of_a_run_s(tmp_path: Path, name: str, ending: str) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        said = hosts.run(f"set +e; echo x > work; {PIPES[name]}; {ending}")
        kept = [kept.ref or kept.aside for kept in every(said, Kept)]
        assert every(said, Committed) or any(kept), said
        notes = printed(said, "runner")
        assert "took away what git would wait for, or follow: " in notes
        assert _odd(here) == []
        for words in ("status", "log"):
            _person(here, words)
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("ending", ["true", "exit 3"])
@pytest.mark.parametrize("name", LINKS)
def test_no_link_of_a_run_s_leads_a_person_s_git_to_what_lies_outside(
    tmp_path: Path, name: str, ending: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine\n")
    (tmp_path / "outside.d").mkdir()
    plant = LINKS[name].format(outside=outside)
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        said = hosts.run(f"set +e; echo x > work; {plant}; {ending}")
        assert " -> " in printed(said, "runner"), said
        assert _odd(here) == []
        for words in (("commit", "--allow-empty"), ("fetch", "."), ("switch", "-c", "more")):
            _person(here, *words)
        assert outside.read_text() == "mine\n"
        assert list((tmp_path / "outside.d").iterdir()) == []


def test_what_a_run_left_that_was_killed_is_gone_before_a_person_looks(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        here, before = hosts.workspace, time.time()
        run = hosts.start(
            "ln -s /x .git/FETCH_HEAD; rm .git/HEAD; mkfifo .git/HEAD; echo on; sleep 99"
        )
        hosts.until(run, "on")
        hosts.kill(run)
        hosts.stop(run)
        asyncio.run(make_safe(here, run, before, hidden=(tmp_path / "state",), unconfined=False))
        assert _odd(here) == []
        assert git(here, "log", "--format=%s") == "start\n"


def test_what_is_a_person_s_stays(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        os.mkfifo(here / ".git/fsmonitor--daemon.ipc")
        (here / ".git/mine").symlink_to("/nowhere")
        run = hosts.start("touch on; while [ ! -e .git/go ]; do sleep 0.01; done")
        eventually((here / "on").exists)
        (here / ".git/hooks/pre-commit").symlink_to("../../kept.txt")
        (here / ".git/go").touch()
        assert end(hosts.over(run)).outcome is Outcome.SUCCEEDED
        names = {Path(path).name for path in _odd(here)}
        assert names == {"fsmonitor--daemon.ipc", "mine", "pre-commit"}
