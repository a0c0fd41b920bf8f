import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import cells, guard
from pmrunnerd.services.git import Git, GitFailed
from tests.unit.services.parts import RUN, needs_sandbox, repository

SCRIPT = """
import asyncio, sys
from pathlib import Path
from pmrunnerd.services import cells
try:
    cell = asyncio.run(cells.make(Path(sys.argv[1]), "r1-4f2a", agent=None, hidden=(),
                                  unconfined=sys.argv[2] == "yes"))
    print(type(cell).__name__, cell.confined)
except Exception as exc:
    print(type(exc).__name__, exc, exc.hint)
"""


def _without_bubblewrap(workspace: Path, unconfined: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, workspace, unconfined],
        env={"PATH": str(workspace), "PYTHONPATH": os.fspath(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@needs_sandbox
@pytest.mark.parametrize("unconfined", [True, False])
def test_a_sandbox_is_used_wherever_one_starts(tmp_path: Path, unconfined: bool) -> None:
    cell = asyncio.run(
        cells.make(tmp_path, "r1-4f2a", agent=None, hidden=(), unconfined=unconfined)
    )

    assert cell.confined


def test_without_a_sandbox_nothing_runs_unless_somebody_accepted_it(tmp_path: Path) -> None:
    assert _without_bubblewrap(tmp_path, "no") == (
        "CannotConfine cannot confine the agent: bubblewrap is not installed"
        " sudo apt-get install bubblewrap"
    )
    assert _without_bubblewrap(tmp_path, "yes") == "Unconfined False"


def test_a_workspace_with_the_state_in_it_is_refused_whatever_was_accepted(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="lies in it"):
        asyncio.run(
            cells.make(
                tmp_path, "r1-4f2a", agent=None, hidden=(tmp_path / "state",), unconfined=True
            )
        )


@needs_sandbox
@pytest.mark.parametrize(
    ("path", "history", "whole"),
    [
        (".git/refs/new", True, True),
        ("new", False, True),
        ("kept.txt", False, True),
        (".git/config", False, False),
        (".git/hooks/new", False, False),
    ],
)
def test_where_the_history_alone_can_be_written_the_rest_cannot(
    tmp_path: Path, path: str, *, history: bool, whole: bool
) -> None:
    here = repository(tmp_path / "w")

    async def writes(**how: bool) -> bool:
        cell = await cells.make(here, RUN, agent=None, hidden=(), unconfined=False, **how)
        try:
            await Git(cell, RUN).command("sh", "-c", 'echo x >> "$1"', "sh", path)
        except GitFailed:
            return False
        return True

    assert asyncio.run(writes(writable=False, history=True)) is history
    assert asyncio.run(writes()) is whole
    guard.lift(here)
