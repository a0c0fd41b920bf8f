import asyncio
import fcntl
import os
import time
from pathlib import Path

import pytest

from pmrunnerd.services import marker, savedrefs
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.holding import Held
from pmrunnerd.services.keptrefs import REFS
from pmrunnerd.services.obstacles import ASIDE, place
from tests.integration.runhost.hostile import with_submodule
from tests.unit.services.parts import PATIENCE, git, hands, head, needs_sandbox, repository
from tests.unit.services.references import OURS, kept, let_go, refs


def test_the_references_of_a_run_are_its_own_and_the_numbered_ones(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, f"{OURS}-2", f"{OURS}-17", "r30-4f2a", f"{OURS}b", f"{OURS}-x", "r3-4f2")

    found = asyncio.run(savedrefs.of(hands(here), {OURS}))
    assert found == dict.fromkeys((f"{REFS}/{OURS}{end}" for end in ("", "-17", "-2")), OURS)


def test_a_run_whose_name_ends_in_digits_is_not_taken_for_a_numbered_one(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, "r3-1234", "r3-1234-2")

    assert asyncio.run(savedrefs.of(hands(here), {"r3-1235"})) == {}
    assert len(asyncio.run(savedrefs.of(hands(here), {"r3-1234"}))) == 2


@needs_sandbox
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_kept_of_a_run_goes_and_nothing_else_does(tmp_path: Path, *, packed: bool) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, f"{OURS}-2", "r4-aaaa")
    git(here, "branch", OURS)
    git(here, "tag", OURS)
    (here / "draft.txt").write_text("a person's")
    if packed:
        git(here, "pack-refs", "--all")
    before = refs(here)

    assert let_go(here, OURS, "r9-none") == {}
    assert refs(here) == before - {f"{REFS}/{OURS}", f"{REFS}/{OURS}-2"}
    assert git(here, "status", "--porcelain") == "?? draft.txt\n"
    assert let_go(here, OURS) == {}, "twice is once"
    assert not (here / ".git/commondir").exists(), "nothing of the sandbox is left"


@needs_sandbox
def test_very_many_go_in_one_go(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    at = head(here)
    lines = [f"{at} {REFS}/{OURS}-{number}" for number in range(2, 3000)]
    (here / ".git/packed-refs").write_text("\n".join([*lines, f"{at} refs/tags/mine", ""]))
    began = time.monotonic()

    assert let_go(here, OURS) == {}
    assert time.monotonic() - began < PATIENCE
    assert refs(here) == {"refs/heads/main", "refs/tags/mine"}


@needs_sandbox
def test_what_is_kept_in_submodules_goes_too_and_one_that_is_broken_keeps_nothing_else(
    tmp_path: Path,
) -> None:
    here = with_submodule(tmp_path / "w")
    kept(here, OURS)
    kept(here / "library", OURS, "r4-aaaa")
    broken = here / ".git/modules/broken"
    broken.mkdir()
    (broken / "HEAD").write_text("junk")

    assert let_go(here, OURS) == {}
    assert f"{REFS}/{OURS}" not in refs(here) | refs(here / "library")
    assert f"{REFS}/r4-aaaa" in refs(here / "library")


@needs_sandbox
def test_what_is_in_the_way_in_a_submodule_keeps_its_own_run_alone(tmp_path: Path) -> None:
    here = with_submodule(tmp_path / "w")
    kept(here / "library", OURS, "r4-aaaa")
    (here / f".git/modules/library/{REFS}/{OURS}.lock").mkdir()
    assert let_go(here, OURS, "r4-aaaa") == {}, "what nobody can hold goes"

    kept(here / "library", OURS, "r4-aaaa")
    (here / ".git/modules/library/packed-refs.lock").touch()
    assert set(let_go(here, OURS, "r4-aaaa")) == {OURS, "r4-aaaa"}


@needs_sandbox
def test_a_reference_that_an_agent_made_stand_for_a_branch_does_not_take_it_along(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    git(here, "branch", "precious")
    git(here, "symbolic-ref", f"{REFS}/{OURS}", "refs/heads/precious")

    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main", "refs/heads/precious"}
    # What git does by itself.
    git(here, "symbolic-ref", f"{REFS}/{OURS}", "refs/heads/precious")
    git(here, "update-ref", "-d", f"{REFS}/{OURS}")
    assert "refs/heads/precious" not in refs(here)


@needs_sandbox
def test_what_the_repository_has_git_do_is_done_in_a_sandbox_that_can_write_its_history_alone(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    hook = here / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {here}/ran {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(here, "config", "core.fsmonitor", f"touch {here}/ran {tmp_path}/ran")

    let_go(here, OURS)
    assert not (tmp_path / "ran").exists()
    assert not (here / "ran").exists()
    git(here, "update-ref", f"{REFS}/{OURS}", "HEAD")
    assert (tmp_path / "ran").exists(), "it would have run"


@needs_sandbox
def test_a_lock_that_a_git_of_ours_left_does_not_keep_it_there_for_ever(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    (here / f".git/{REFS}/{OURS}.lock").touch()
    old = here / ".git/packed-refs.lock"
    old.touch()
    os.utime(old, (0, 0))

    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main"}


@needs_sandbox
def test_a_lock_that_somebody_may_hold_now_is_left_alone(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    (here / ".git/packed-refs.lock").touch()

    assert "packed-refs.lock" in let_go(here, OURS)[OURS]
    assert (here / ".git/packed-refs.lock").exists()
    assert f"{REFS}/{OURS}" in refs(here)


def test_a_workspace_that_a_run_has_is_left_alone(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    (here / ".git/commondir").write_text(".\n")
    lock = os.open(here, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Held, match="another run has it"):
        let_go(here, OURS)
    os.close(lock)

    assert f"{REFS}/{OURS}" in refs(here)
    assert (here / ".git/commondir").exists(), "it belongs to the run"


def test_a_workspace_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(Held, match="it is not there"):
        let_go(tmp_path / "gone", OURS)


@needs_sandbox
def test_what_is_no_repository_any_more_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(GitFailed):
        let_go(tmp_path / "w", OURS)
    assert list((tmp_path / "w").iterdir()) == []


@needs_sandbox
def test_a_workspace_is_let_go_of_afterwards(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    let_go(here, OURS)
    lock = os.open(here, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
    assert head(here)


@needs_sandbox
def test_what_was_set_aside_stays_for_it_can_be_a_person_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS)
    aside = (OURS, place(OURS), f"tree-{place(OURS)}")
    for name in aside:
        repository(here / ASIDE / name / "clone")

    assert let_go(here, OURS) == {}
    assert {path.name for path in (here / ASIDE).iterdir()} == set(aside)
    assert all((here / ASIDE / name / "clone/kept.txt").exists() for name in aside)
    assert refs(here) == {"refs/heads/main"}


@needs_sandbox
def test_what_lies_in_the_tree_yet_is_waited_for(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    kept(here, OURS, "r4-aaaa")
    note = marker.Marker(run=OURS, head=head(here), branch="main")
    marker.write(here, note)

    assert f"what it left lies in {here}" in let_go(here, OURS, "r4-aaaa")[OURS]
    assert refs(here) == {"refs/heads/main", f"{REFS}/{OURS}"}
    marker.remove(here)
    assert let_go(here, OURS) == {}
    assert refs(here) == {"refs/heads/main"}
