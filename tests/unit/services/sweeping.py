"""The broom, run as the program that it is sent as."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from pmrunnerd.services import broom, parcel
from tests.unit.services.parts import RUN, eventually

ASIDE = f"{RUN}-01234567"


def broomed(here: Path, *before: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run it, as the last words of another command where there is one."""
    told = {"top": str(here), "aside": ASIDE, "since": 0.0, "guarded": []} | more
    with parcel.packed(broom) as file:
        argv = [*before, *parcel.command(file, json.dumps(told))]
        return subprocess.run(argv, capture_output=True, timeout=60, check=False, pass_fds=(file,))


def swept(here: Path, since: float = 0.0, **more: object) -> dict[str, Any]:
    done = broomed(here, **{"since": since, "branch": "main", "remove": []} | more)
    assert not done.stderr, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def later(path: Path) -> float:
    """Return a moment after the last change of a file, which has passed."""
    moment = path.lstat().st_ctime + 0.001
    eventually(lambda: time.time() > moment + 0.01)
    return moment


def set_aside(here: Path) -> set[str]:
    directory = here / ".git/pm-runner-kept" / ASIDE
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


def deep(top: Path, levels: int) -> int:
    """Make directories in one another and return the innermost, open."""
    at = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deeper", dir_fd=at)
        there = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = there
    return at
