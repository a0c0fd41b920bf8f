"""A workspace that nobody may enter at the end of a run, or that is somewhere else by then."""

from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Kept
from pmrunnerd.services import marker
from tests.integration.runhost.hosts import Hosts, end, every, powerless
from tests.unit.services.parts import (
    eventually,
    git,
    head,
    needs_sandbox,
    repository,
)

pytestmark = needs_sandbox


SHUT = ("chmod 000 .", "chmod 000 .git .", "chmod -R 000 .", "find . -depth -exec chmod 000 {} +")


@pytest.mark.parametrize("shut", SHUT)
@pytest.mark.parametrize("ending", ["true", "exit 3"])
def test_what_a_run_shut_is_opened_and_its_work_is_there(
    tmp_path: Path, shut: str, ending: str
) -> None:
    here = repository(tmp_path / "workspace")
    began = head(here)
    said = powerless(tmp_path, f"set +e; echo x > work; {shut}; {ending}")

    assert "bug" not in end(said).reason
    assert here.stat().st_mode & 0o700 == 0o700
    if ending == "true":
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert len(every(said, Committed)) == 1
    else:
        (kept,) = every(said, Kept)
        assert git(here, "show", f"{kept.ref}:work") == "x\n"
        assert head(here) == began
    assert git(here, "status", "--porcelain") == ""


@pytest.mark.parametrize("ending", ["true", "exit 3", "pm-ask W?"])
@pytest.mark.parametrize("other", ["a link", "a directory"])
def test_what_is_in_the_place_of_a_workspace_is_told_and_left_alone(
    tmp_path: Path, other: str, ending: str
) -> None:
    with Hosts(tmp_path) as hosts:
        here, moved = hosts.workspace, tmp_path / "moved"
        theirs = repository(tmp_path / "theirs")
        git(theirs, "commit", "--quiet", "--amend", "-m", "of another history")
        (theirs / "mine").touch()
        run = hosts.start(f"touch on; until [ -e .git/go ]; do sleep 0.01; done; {ending}")
        eventually((here / "on").exists)
        here.rename(moved)
        here.symlink_to(theirs) if other == "a link" else theirs.rename(here)
        (moved / ".git/go").touch()
        said = hosts.over(run)

        why = "it is a link now" if other == "a link" else "another directory is there now"
        assert "no commit any more" not in end(said).reason
        assert end(said).outcome is Outcome.FAILED
        assert f"cannot work in {here}: {why}" in end(said).reason
        assert git(here, "status", "--porcelain") == "?? mine\n"
        assert marker.read(moved) is not None
        assert (moved / "on").exists()
        assert not (moved / ".git/commondir").exists()
