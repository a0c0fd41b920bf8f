import asyncio
import os
import time
from pathlib import Path

import pytest

from pmrunnerd.services.aftermath import make_safe
from pmrunnerd.services.holding import Held, hold
from tests.unit.services.parts import RUN, git, needs_sandbox, repository


def _made_safe(here: Path) -> str:
    return asyncio.run(make_safe(here, RUN, time.time() - 60, hidden=(), unconfined=False))


@needs_sandbox
def test_what_git_would_enter_goes_and_all_else_is_left_alone(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(here / "own")
    git(here, "add", "own")
    (here / "half").write_text("x")
    _made_safe(here)

    assert not (here / "own").exists()
    assert list(here.glob(f".git/pm-runner-kept/{RUN}-*/own/.git.kept"))
    assert (here / "half").read_text() == "x"
    assert not (here / ".git/commondir").exists(), "nothing of the guard is left"


def test_where_a_run_has_the_workspace_or_nothing_is_there_it_is_held(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    lock = hold(here)
    with pytest.raises(Held):
        _made_safe(here)
    os.close(lock)
    with pytest.raises(Held):
        _made_safe(tmp_path / "gone")


@needs_sandbox
def test_references_that_the_run_overwrote_are_no_failure_and_where_they_went_is_told(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/packed-refs").write_text("junk\n")
    aside = _made_safe(here)

    assert (here / aside / "packed-refs").read_text() == "junk\n"
    assert _made_safe(here) == ""
