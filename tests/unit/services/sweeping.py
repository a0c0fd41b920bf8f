"""The broom, run as a program of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pmrunnerd.services import broom
from tests.unit.services.parts import RUN, eventually

ASIDE = f"{RUN}-01234567"


def swept(here: Path, since: float = 0.0, **more: object) -> dict[str, Any]:
    told = {"top": str(here), "aside": ASIDE, "since": since, "guarded": [], "branch": "main"}
    argv = [sys.executable, "-I", "-S", broom.__file__, json.dumps(told | {"remove": []} | more)]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
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
