"""The package of this checkout, built once for all workers of a run: it takes half a minute of a processor."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import ROOT

BUILD: Final = ROOT / "packaging/build-deb"


def built(factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return where the package is, and what was said when it was built; nobody may change it."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # of all workers
    place /= "the-package"
    place.mkdir(exist_ok=True)
    report = place / "report"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not report.exists():
            report.write_text(build(place))
    said = report.read_text()
    return Path(said.splitlines()[-1]), said


def build(directory: Path) -> str:
    """Build it once more, and return what was said. Raises AssertionError with all of it."""
    # With this Python, for it imports what the tests do.
    argv: list[str | Path] = [sys.executable, BUILD, "--output", directory]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout
