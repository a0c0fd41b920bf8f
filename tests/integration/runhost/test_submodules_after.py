"""What a run did in a submodule: it is kept, the submodule goes back, and the next run begins."""

from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Kept, PutAway
from tests.integration.runhost.hostile import with_submodule
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, head, needs_sandbox, repository

pytestmark = needs_sandbox

_COMMIT = "git add new && git commit -qm new"
_OWN = "../.git/modules/library"
CHANGES = {
    "a commit on another branch": f"git switch -qc more; echo x > new; {_COMMIT}",
    "a commit on its branch": f"echo x > new; {_COMMIT}",
    "nothing committed": "echo x > new",
    "no HEAD": f"echo x > new; rm {_OWN}/HEAD",
    "no references": f"echo x > new; rm -r {_OWN}/refs; echo x > {_OWN}/refs",
    "a file for its logs": f"echo x > new; rm -r {_OWN}/logs; echo x > {_OWN}/logs",
    "a directory for a merge": f"echo x > new; mkdir -p {_OWN}/MERGE_HEAD/x",
    "an older commit": "git checkout -q HEAD~1; echo x > new",
}
# What no commit of the workspace can have; left so, it would hold the next run.
UNCOMMITTED = {
    "nothing committed": ("echo x > library/new", "library/new"),
    "staged": ("cd library; echo x > new; git add new", "library/new"),
    "in vain": ("echo x > library/new; echo y > done", "library/new"),
    "an index that is none": (f"(cd library; echo x > {_OWN}/index; echo x > new)", "library"),
}
ENDS = {"exit 3": Outcome.FAILED, "pm-ask 'Which?' a b": Outcome.ASKED}


def _workspace(path: Path) -> Path:
    """Make a workspace with a submodule that has a history."""
    here = with_submodule(path)
    git(here / "library", "commit", "--quiet", "--allow-empty", "-m", "more")
    git(here, "commit", "--quiet", "-am", "more")
    return here


def _state(here: Path) -> tuple[str, str, str, str]:
    library = here / "library"
    changed = git(here, "status", "--porcelain", "--ignore-submodules=none")
    return head(here), head(library), git(library, "branch", "--show-current"), changed


def test_one_that_a_person_has_at_another_commit_holds_a_run_and_stays(tmp_path: Path) -> None:
    here = _workspace(tmp_path / "workspace")
    git(here / "library", "checkout", "--quiet", "HEAD~1")
    before = _state(here)
    with Hosts(tmp_path) as hosts:
        said = hosts.run("touch library/new; exit 3")
        assert end(said).outcome is Outcome.HELD
        assert "changes that no run made; commit or stash them: library" in end(said).reason
        assert _state(here) == before


def test_a_commit_that_a_person_makes_in_one_meanwhile_stays_there(tmp_path: Path) -> None:
    here = _workspace(tmp_path / "workspace")
    with Hosts(tmp_path) as hosts:
        run = hosts.start("echo on; while [ ! -e .git/go ]; do sleep 0.01; done; exit 3")
        hosts.until(run, "on")
        git(here / "library", "commit", "--quiet", "--allow-empty", "-m", "mine")
        (here / ".git/go").touch()
        hosts.over(run)
        assert git(here / "library", "log", "-1", "--format=%s") == "mine\n"


@pytest.mark.parametrize("ending", ENDS)
@pytest.mark.parametrize("change", CHANGES)
def test_what_a_run_left_in_one_is_kept_and_the_next_run_finds_it_as_it_was(
    tmp_path: Path, change: str, ending: str
) -> None:
    here = _workspace(tmp_path / "workspace")
    before = _state(here)
    with Hosts(tmp_path) as hosts:
        said = hosts.run(f"(cd library; {CHANGES[change]}); {ending}")
        assert end(said).outcome is ENDS[ending], said
        assert _state(here) == before
        assert not (here / ".git/modules/library/MERGE_HEAD").exists()
        (kept,) = every(said, Kept)
        named = git(here, "rev-parse", f"{kept.ref}:library").strip()
        assert git(here / "library", "show", f"{named}:new") == "x\n"
        assert git(here / "library", "rev-parse", kept.ref).strip() == named
        assert end(hosts.run("echo x > next")).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("change", UNCOMMITTED)
def test_a_run_that_leaves_something_uncommitted_in_one_fails_and_it_is_kept(
    tmp_path: Path, change: str
) -> None:
    here = _workspace(tmp_path / "workspace")
    before = _state(here)
    script, named = UNCOMMITTED[change]
    with Hosts(tmp_path) as hosts:
        said = hosts.run(script)
        assert end(said).outcome is Outcome.FAILED, said
        assert f"cannot commit {named}: it is in a submodule" in end(said).reason
        assert _state(here) == before
        (kept,) = every(said, Kept)
        assert git(here / "library", "show", f"{kept.ref}:new") == "x\n"
        assert end(hosts.run("echo x > next")).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("killed", [False, True])
def test_one_of_an_interrupted_or_killed_run_goes_back_too(tmp_path: Path, *, killed: bool) -> None:
    here = _workspace(tmp_path / "workspace")
    before = _state(here)
    with Hosts(tmp_path) as hosts:
        change = CHANGES["a commit on another branch"]
        run = hosts.start(f"(cd library; {change}; echo y > newer); echo on; sleep 99")
        hosts.until(run, "on")
        if killed:
            hosts.kill(run)
        hosts.stop(run)
        said = hosts.run("echo x > next", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        refs = [kept.ref for kept in every(hosts.said(run), Kept)]
        (ref,) = refs + [away.ref for away in every(said, PutAway)]
        named = git(here, "rev-parse", f"{ref}:library").strip()
        assert git(here / "library", "show", f"{named}:newer") == "y\n"
        assert _state(here)[1:] == before[1:]


def test_one_whose_tree_the_run_deleted_comes_back_and_one_not_initialised_does_not(
    tmp_path: Path,
) -> None:
    here = _workspace(tmp_path / "workspace")
    other = repository(tmp_path / "other")
    git(here, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "other")
    git(here, "commit", "--quiet", "-m", "add")
    git(here, "submodule", "deinit", "--quiet", "other")
    before = _state(here)
    with Hosts(tmp_path) as hosts:
        assert end(hosts.run("rm -rf library other; exit 3")).outcome is Outcome.FAILED
        assert _state(here) == before
        assert (here / "library/kept.txt").exists()
        assert list((here / "other").iterdir()) == []
        assert end(hosts.run("echo x > next")).outcome is Outcome.SUCCEEDED
