import asyncio
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.services import subkeeping, submodules, substatus
from pmrunnerd.services.git import Git
from pmrunnerd.services.keeping import Keeping, put_away
from pmrunnerd.services.marker import Marker, Within
from pmrunnerd.services.obstacles import place
from tests.unit.services.parts import RUN, git, hands, head, repository

REF = f"refs/pm-runner/runs/{RUN}"


def _workspace(root: Path) -> Path:
    """Make a workspace with a submodule, which has one itself."""
    deeper, library = repository(root / "from/deeper"), repository(root / "from/library")
    here = repository(root / "w")
    for above, other in ((library, deeper), (here, library)):
        _quiet(above, "submodule", "add", "--quiet", str(other), other.name)
        git(above, "commit", "--quiet", "--message=add")
    _quiet(here, "submodule", "update", "--init", "--recursive")
    return here


def _quiet(here: Path, *words: str) -> None:
    git(here, "-c", "protocol.file.allow=always", *words)


def _took(here: Path) -> Marker:
    seen = subkeeping.found(hands(here), asyncio.run(substatus.look(hands(here))))
    since = time.time() - 1
    return Marker(run=RUN, head=head(here), branch="main", since=since, submodules=seen)


def _put_away(here: Path, began: Marker) -> Keeping | None:
    return asyncio.run(put_away(hands(here), began, place(RUN)))


def _own(here: Path, *words: str) -> None:
    """Run git in a submodule as the run does."""
    one = next(one for one in asyncio.run(submodules.every(hands(here.parent))) if one.is_guarded)
    asyncio.run(Git(hands(here).cell, RUN).within(one.target, here)(*words))


def _state(here: Path) -> list[str]:
    """Return where each submodule is, and that nothing is changed in any."""
    library, deeper = here / "library", here / "library/deeper"
    assert git(here, "status", "--porcelain", "--ignore-submodules=none") == ""
    return [head(library), git(library, "branch", "--show-current"), head(deeper)]


def test_a_person_s_changes_of_before_are_left_as_they_are(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    (here / "library/deeper/kept.txt").write_text("mine\n")
    began = _took(here)
    assert began.submodules == ()

    (here / "library/new").touch()
    assert _put_away(here, began) is None
    assert (here / "library/deeper/kept.txt").read_text() == "mine\n"
    assert (here / "library/new").exists()


def test_what_a_person_had_git_not_look_at_makes_it_theirs(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    git(here / "library", "update-index", "--assume-unchanged", "kept.txt")

    assert [one.path for one in _took(here).submodules] == ["library/deeper"]


def test_one_that_is_not_initialised_stays_so(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    git(here, "submodule", "deinit", "--quiet", "--force", "library")
    began = _took(here)
    assert began.submodules == ()

    (here / "new").touch()
    _put_away(here, began)
    assert list((here / "library").iterdir()) == []


@pytest.mark.parametrize("on", ["its branch", "no branch"])
def test_what_a_person_committed_there_meanwhile_stays(tmp_path: Path, on: str) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    if on == "no branch":
        git(library, "checkout", "--quiet", "--detach")
    began = _took(here)
    git(library, "commit", "--quiet", "--allow-empty", "-m", "mine")
    mine = head(library)
    (library / "new").touch()
    _put_away(here, began)

    assert head(library) == mine
    assert (library / "new").exists(), "it could be theirs as well"


def test_what_a_run_committed_on_top_of_a_person_s_commit_takes_nothing_from_them(
    tmp_path: Path,
) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    began = _took(here)
    git(library, "commit", "--quiet", "--allow-empty", "-m", "mine")
    _own(library, "commit", "--quiet", "--allow-empty", "-m", "own")
    _put_away(here, began)

    assert git(library, "log", "-2", "--format=%s", "main") == "own\nmine\n"


def test_a_note_that_names_what_is_no_submodule_does_nothing(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    other = repository(here / "ignored/other")
    git(other, "init", "--quiet", f"--separate-git-dir={here}/ignored/git")
    (other / "kept.txt").write_text("dear\n")
    began = _took(here)
    for directory in ("modules/other", "../ignored/git", "../ignored/other/.git"):
        within = Within(path="ignored/other", directory=directory, head=head(other), branch="main")
        # So late that nothing is taken out of the tree.
        forged = replace(began, since=time.time() + 60, submodules=(within,))
        _put_away(here, forged)
        assert (other / "kept.txt").read_text() == "dear\n"


CHANGES: dict[str, tuple[str, ...]] = {
    "on a new branch": ("switch -qc more", "add -A", "commit -qm own"),
    "on its branch": ("add -A", "commit -qm own"),
    "on none": ("checkout -q --detach", "add -A", "commit -qm own"),
    "not committed": (),
    "staged": ("add -A",),
    "hidden": ("update-index --assume-unchanged kept.txt",),
    "its branch gone": ("checkout -q --detach", "branch -qD main"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("branch", ["main", ""])
def test_what_a_run_left_in_one_is_kept_and_it_goes_back(
    tmp_path: Path, change: str, branch: str
) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    if not branch:
        git(library, "checkout", "--quiet", "--detach")
    began, before = _took(here), _state(here)
    (library / "kept.txt").write_text("changed\n")
    (library / "new").write_text("new\n")
    for words in CHANGES[change]:
        if branch or "-D" not in words:
            _own(library, *words.split())
    kept = _put_away(here, began)

    assert kept == Keeping(ref=REF, files=1)
    assert _state(here) == before
    named = git(here, "rev-parse", f"{REF}:library").strip()
    assert git(library, "rev-parse", REF).strip() == named, "the one reference names the other"
    assert git(library, "show", f"{named}:new") == "new\n"
    assert git(library, "show", f"{named}:kept.txt") == "changed\n"
    assert [one.path for one in _took(here).submodules] == ["library", "library/deeper"]


def test_a_sparse_one_goes_back_and_what_it_leaves_out_is_neither_there_nor_deleted(
    tmp_path: Path,
) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    git(library, "sparse-checkout", "set", "--no-cone", "/.gitignore", "/deeper")
    began, before = _took(here), _state(here)
    (library / "new").write_text("new\n")
    (library / ".gitignore").write_text("other\n")
    kept = _put_away(here, began)

    assert kept == Keeping(ref=REF, files=1)
    assert _state(here) == before
    assert not (library / "kept.txt").exists()
    changed = git(library, "diff", "--name-only", "main", f"{REF}")
    assert changed.split() == [".gitignore", "new"]


def test_what_a_run_takes_out_and_from_git_s_eyes_comes_back(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    began = _took(here)
    git(here / "library", "update-index", "--skip-worktree", "kept.txt")
    (here / "library/kept.txt").unlink()
    _put_away(here, began)

    assert (here / "library/kept.txt").read_text() == "kept\n"


def test_one_in_another_is_kept_by_that_and_both_go_back(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    library, deeper = here / "library", here / "library/deeper"
    began, before = _took(here), _state(here)
    (deeper / "new").write_text("new\n")
    assert _put_away(here, began) == Keeping(ref=REF, files=1)

    assert _state(here) == before
    outer = git(here, "rev-parse", f"{REF}:library").strip()
    inner = git(library, "rev-parse", f"{outer}:deeper").strip()
    assert git(deeper, "show", f"{inner}:new") == "new\n"


@pytest.mark.parametrize(
    "script",
    [
        "rm -rf library",
        "rm -rf library && ln -s . library",
        "rm library/.git",
        "rm library/.git && ln -s /etc/passwd library/.git",
        "echo 'gitdir: ../.git/modules/library/modules/deeper' > library/.git",
        "echo junk > .git/modules/library/index",
        "echo junk > .git/modules/library/HEAD",
        "mkdir -p .git/modules/library/pm-runner-index/x .git/modules/library/rebase-merge",
        "rm -rf library/deeper && echo x > library/deeper",
    ],
)
def test_whatever_a_run_made_of_one_it_goes_back_and_commits_are_kept(
    tmp_path: Path, script: str
) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    began, before = _took(here), _state(here)
    (library / "new").touch()
    _own(library, "add", "--all")
    _own(library, "commit", "--quiet", "-m", "own")
    own = head(library)
    asyncio.run(hands(here).command("sh", "-ec", script))
    _put_away(here, began)

    assert _state(here) == before
    if "HEAD" not in script:
        assert git(library, "merge-base", "--is-ancestor", own, REF) == ""


def test_what_was_kept_by_one_who_was_killed_over_it_is_not_kept_twice(tmp_path: Path) -> None:
    here = _workspace(tmp_path)
    library = here / "library"
    began, before = _took(here), _state(here)
    (library / "new").touch()
    asyncio.run(subkeeping.keep(hands(here, "r9-4f2a"), began))
    _put_away(here, began)

    assert _state(here) == before
    assert git(library, "for-each-ref", "--format=%(refname)", "refs/pm-runner") == f"{REF}\n"
