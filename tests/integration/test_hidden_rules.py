"""What a run left where rules of its own making hid it from git."""

import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services import subkeeping, substatus
from pmrunnerd.services.keeping import put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from tests.everything import some
from tests.unit.services.parts import RUN, git, hands, head, repository

# More than there are rounds, which takes long: by default one test has it.
DEEP = 12


@pytest.mark.parametrize("depth", some([1, 3, DEEP], 2))
def test_what_new_rules_of_the_run_ignored_is_kept_once_and_gone_with_them(
    tmp_path: Path, depth: int
) -> None:
    here = repository(tmp_path / "w")
    git(here, "rm", "--quiet", ".gitignore")
    git(here, "commit", "--quiet", "--message=no rules")
    began = Marker(run=RUN, head=head(here), branch="main", since=time.time() - 1)
    inner = here
    for _ in range(depth):
        (inner / ".gitignore").write_text("mine/\n")
        inner /= "mine"
        inner.mkdir()
    (inner / "work").write_text("x\n")
    kept = asyncio.run(put_away(hands(here), began, place(RUN)))

    assert kept is not None
    assert git(here, "status", "--porcelain") == ""
    assert {path.name for path in here.iterdir()} == {".git", "kept.txt"}
    refs = git(here, "for-each-ref", "--format=%(refname)", "refs/pm-runner").split()
    has = [ref for ref in refs if f"{'mine/' * depth}work" in git(here, "ls-tree", "-r", ref)]
    assert len(has) + len(list(here.glob(".git/pm-runner-kept/*/**/work"))) == 1


@pytest.mark.parametrize("depth", [1, 3, DEEP])
def test_rules_of_the_run_that_hide_themselves_too_hide_nothing_from_the_next(
    tmp_path: Path, depth: int
) -> None:
    here = repository(tmp_path / "w")
    began = Marker(run=RUN, head=head(here), branch="main", since=time.time() - 1)
    inner = here
    for _ in range(depth):
        inner /= "mine"
        inner.mkdir()
        (inner / ".gitignore").write_text("*\n")
    (inner / "work").write_text("x\n")
    kept = asyncio.run(put_away(hands(here), began, place(RUN)))

    assert kept is not None
    assert {path.name for path in here.iterdir()} == {".git", ".gitignore", "kept.txt"}
    refs = git(here, "for-each-ref", "--format=%(refname)", "refs/pm-runner").split()
    has = [ref for ref in refs if f"{'mine/' * depth}work" in git(here, "ls-tree", "-r", ref)]
    assert len(has) + len(list(here.glob(".git/pm-runner-kept/*/**/work"))) == 1


@pytest.mark.parametrize("has_rules", [True, False])
def test_in_a_submodule_too(tmp_path: Path, has_rules: bool) -> None:
    here = repository(tmp_path / "w")
    library = repository(tmp_path / "from/library")
    if not has_rules:
        git(library, "rm", "--quiet", ".gitignore")
        git(library, "commit", "--quiet", "--message=no rules")
    allowed = ("-c", "protocol.file.allow=always")
    git(here, *allowed, "submodule", "add", "--quiet", str(library), "library")
    git(here, "commit", "--quiet", "--message=add")
    seen = subkeeping.found(hands(here), asyncio.run(substatus.look(hands(here))))
    since = time.time() - 1
    began = Marker(run=RUN, head=head(here), branch="main", since=since, submodules=seen)
    (here / "library/.gitignore").write_text("mine/\n")
    (here / "library/mine").mkdir()
    (here / "library/mine/work").write_text("x\n")
    asyncio.run(put_away(hands(here), began, place(RUN)))

    assert git(here, "status", "--porcelain", "--ignore-submodules=none") == ""
    refs = git(here / "library", "for-each-ref", "--format=%(refname)", "refs/pm-runner").split()
    kept = [git(here / "library", "ls-tree", "-r", "--name-only", ref) for ref in refs]
    assert sum("mine/work" in names for names in kept) == 1
    assert not (here / "library/mine").exists()
