"""A run that wants something of it to stay where a person's git enters it: it does not."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Kept, PutAway
from pmrunnerd.services.aftermath import make_safe
from pmrunnerd.services.holding import Held
from tests.integration.runhost.hostile import CONFIG, SUBMODULE_PLANTS, person, with_submodule
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox, repository

pytestmark = needs_sandbox

# A repository that the index names, with what makes the clearing up fail or takes names away.
_OWN = (
    "git init -q own; git -C own commit -q --allow-empty -m x; echo x > own/file; git add own;"
    f" {CONFIG.format('own/.git/config')}"
)
_RUN = "$(cat .git/pm-runner-run | cut -d'\"' -f4)"
WAYS_TO_STAY = {
    "nothing in the way": ":",
    "a place of its own": "mv own .git/pm-runner-kept/ 2>/dev/null || touch refused",
    "a directory for an index lock": "mkdir -p .git/index.lock/x",
    "a link for an index lock": "ln -s nowhere .git/index.lock",
    "a lock of long ago": "touch -d 2001-01-01 .git/index.lock",
    "a lock on its reference": f"mkdir -p .git/refs/pm-runner/runs/{_RUN}.lock/x",
    "a reference above its own": "git update-ref refs/pm-runner HEAD",
    "a file above its reference": "rm -rf .git/refs/pm-runner; echo junk > .git/refs/pm-runner",
    "references below its own": (
        f"for n in '' -2 -3 -4 -5 -6 -7 -8 -9 -10; do git update-ref refs/pm-runner/runs/{_RUN}$n/x HEAD; done"
    ),
    "a reference that is no commit": (
        f"git update-ref refs/pm-runner/runs/{_RUN} $(git hash-object -w kept.txt)"
    ),
    "a directory for the other index": "mkdir -p .git/pm-runner-index/x .git/pm-runner-index.lock/x",
    "a file for all logs": "rm -r .git/logs; echo x > .git/logs",
    "a directory for a log": "rm .git/logs/HEAD; mkdir -p .git/logs/HEAD/x; touch .git/logs/HEAD/x/y",
    **{
        f"a directory for a {name}": f"mkdir -p .git/{name}/x; touch .git/{name}/x/y"
        for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
    },
    "no rights": "mkdir -p a/b; touch a/b/c; chmod 000 a/b/c; chmod 555 a/b a own own/.git; chmod 555 .git",
    "a half-done rebase that cannot go": "mkdir -p .git/rebase-merge/x; chmod 000 .git/rebase-merge/x",
}


@pytest.mark.parametrize("name", WAYS_TO_STAY)
def test_what_a_run_puts_in_the_way_keeps_nothing_of_it_where_git_enters(
    tmp_path: Path, name: str
) -> None:
    trap = tmp_path / "trap"
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        said = hosts.run(
            f"set +e; TRAP={trap}; {_OWN}; echo x > work; {WAYS_TO_STAY[name]}; exit 3"
        )
        assert end(said).outcome is Outcome.FAILED
        (kept,) = every(said, Kept)
        person(here, "git status; git diff; git stash", trap)
        assert not trap.exists()
        assert git(here, "status", "--porcelain") == ""
        assert git(here, "show", f"{kept.ref}:work") == "x\n"
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED

    open_ = repository(tmp_path / "open")
    person(open_, _OWN, trap)
    trap.unlink(missing_ok=True)
    person(open_, "git status", trap)
    assert trap.exists()


def test_no_run_can_write_or_remove_the_note_that_says_whose_it_is(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    note = {"run": "r9-aaaaaaaa", "head": "a" * 40, "branch": "../../config"}
    ways = (
        f"rm -f $n; mv $n x; mkdir $n; echo '{json.dumps(note)}' > x; cp x $n; mv -f x $n; rm -f x"
    )
    plant = f"git config core.fsmonitor 'touch {trap}; false #'"
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        config = (here / ".git/config").read_text()
        run = hosts.start(f"set +e; echo x > work; n=.git/pm-runner-run; {ways}; echo on; sleep 99")
        hosts.until(run, "on")
        hosts.kill(run)
        said = hosts.run(f"set +e; {plant}; exit 3")
        assert [away.run for away in every(said, PutAway)] == [run]
        assert end(said).outcome is Outcome.FAILED
        assert (here / ".git/config").read_text() == config
        person(here, "git status", trap)
        assert not trap.exists()
        assert git(here, "status", "--porcelain") == ""


def test_an_index_that_is_a_directory_leads_git_nowhere(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    plant = f"TRAP={trap}; {_OWN}; rm .git/index; mkdir -p .git/index/x; chmod 000 .git/index/x"
    with Hosts(tmp_path) as hosts:
        assert end(hosts.run(f"set +e; {plant}; exit 3")).outcome is Outcome.FAILED
        person(hosts.workspace, "git status", trap)
        assert not trap.exists()
        assert git(hosts.workspace, "status", "--porcelain") == ""
        assert list(hosts.workspace.glob(".git/pm-runner-kept/*/own/file"))


def test_a_submodule_that_the_run_took_out_of_the_index_comes_back_harmless(tmp_path: Path) -> None:
    trap, plant = tmp_path / "trap", SUBMODULE_PLANTS["a repository in its place"]
    for ending in ("true", "exit 3"):
        root = tmp_path / ending[:4]
        here = with_submodule(root / "workspace")
        with Hosts(root) as hosts:
            hosts.run(f"set +e; TRAP={trap}; {plant}; git rm -q --cached library; {ending}")
            person(here, "git status; git diff", trap)
            assert not trap.exists()
            assert git(here, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["nothing in the way", "a lock of long ago", "no rights"])
def test_what_a_killed_run_host_left_is_made_safe_before_the_next_run(
    tmp_path: Path, name: str
) -> None:
    trap = tmp_path / "trap"
    with Hosts(tmp_path) as hosts:
        here, before = hosts.workspace, time.time()
        run = hosts.start(
            f"set +e; TRAP={trap}; {_OWN}; echo x > work; {WAYS_TO_STAY[name]}; echo on; sleep 99"
        )
        hosts.until(run, "on")
        hosts.kill(run)
        hosts.stop(run)
        asyncio.run(make_safe(here, run, before, hidden=(tmp_path / "state",), unconfined=False))
        person(here, "git status; git diff", trap)
        assert not trap.exists()
        assert (here / "work").read_text() == "x\n", "all else is as it was"

        said = hosts.run("echo x > new", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED
        (away,) = every(said, PutAway)
        assert git(here, "show", f"{away.ref}:work") == "x\n"


def test_a_workspace_that_another_run_has_is_left_to_it(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start("echo on; sleep 99")
        hosts.until(run, "on")
        with pytest.raises(Held, match="another run has it"):
            asyncio.run(make_safe(hosts.workspace, "r9-9999", 0.0, hidden=(), unconfined=False))
