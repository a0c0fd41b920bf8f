"""An environment with two releases, of which the newer can be on trial; and the launcher that sees to it."""

import contextlib
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Final

from tests.house.tree import ROOT

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
aftermath, switching, trial = map(importlib.import_module, ("aftermath", "switching", "trial"))

OLD, NEW = "1-a", "2-b"
# The interpreter that tests run in is not the one that the launcher runs in; none of them starts a daemon.
PYTHON: Final = sys.executable
LAUNCH: Final = (PYTHON, "-IBS", str(ROOT / "packaging/launch"))
FAILED: Final = {"SERVICE_RESULT": "exit-code", "EXIT_CODE": "exited", "EXIT_STATUS": "1"}
REFUSED: Final = FAILED | {"EXIT_STATUS": "78"}
STOPPED: Final = {"SERVICE_RESULT": "success", "EXIT_CODE": "exited", "EXIT_STATUS": "0"}
# What the unit is told that systemd starts for one that failed.
FOR_A_FAILURE: Final = {
    "MONITOR_UNIT": "pm-runner@prod.service",
    "MONITOR_SERVICE_RESULT": "exit-code",
}


@contextlib.contextmanager
def told(said: Mapping[str, str]) -> Iterator[None]:
    """Say something in the environment, as systemd does."""
    before = dict(os.environ)
    os.environ.update(said)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class OnTrial:
    """A root with environment prod."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "opt/pm-runner/prod"
        self.place = root / "var/lib/pm-runner/promote/prod"
        self.file = self.place / "trial.json"
        self.configuration = root / "etc/pm-runner/prod.toml"

    def build(self) -> None:
        """Make both releases, of which the older runs."""
        for directory in (self.place, self.configuration.parent, self.home / "releases"):
            directory.mkdir(parents=True)
        for directory in (self.home, self.place):
            directory.chmod(0o755)
        (self.place / "trial.lock").touch(0o600)
        self.configuration.write_text("[runs]\nslots = 2\n")
        for name in (OLD, NEW):
            lib = self.home / "releases" / name / "lib/pmrunnerd"
            lib.mkdir(parents=True)
            (lib / "main.py").write_text(f"# {name}\n")
            about = {"soabi": EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so"), "python": "3"}
            facts = about | {"files": 1, "bytes": 6, "tree": ""}
            (lib.parents[1] / "release.json").write_text(json.dumps(facts))
        (self.home / "dist").symlink_to(f"releases/{OLD}")

    def copy(self, to: Path) -> "OnTrial":
        shutil.copytree(self.root, to, symlinks=True)
        return OnTrial(to)

    @contextlib.contextmanager
    def held(self) -> Any:
        """Hold the trial, as a promotion does for a moment."""
        found = trial.Trial("prod", str(self.root))
        try:
            yield found
        finally:
            os.close(found.lock)

    def begin(self, name: str = "p1") -> None:
        """Put the newer on trial."""
        with self.held() as found:
            assert switching.begin(found, name, NEW) == ""

    def confirm(self, name: str = "p1") -> bool:
        with self.held() as found:
            return bool(switching.confirm(found, name))

    def launch(self, deed: str, **said: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LAUNCH, "--root", str(self.root), deed, "prod"],
            env={"PATH": os.defpath} | said,
            capture_output=True,
            text=True,
            check=False,
        )

    def attempt(self, deed: str, **said: str) -> tuple[int, str]:
        """Do what the launcher does, but here; return how it would end and what is said."""
        deeds = aftermath.DEEDS | {"count": trial.count}
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard), told(said), self.held() as found:
            status = deeds[deed](found)
        return status, heard.getvalue()

    def do(self, deed: str, **said: str) -> str:
        """Do what succeeds; return what is said."""
        status, heard = self.attempt(deed, **said)
        assert status == 0, heard
        return heard

    def remove(self) -> None:
        shutil.rmtree(self.root)

    @property
    def dist(self) -> str:
        return (self.home / "dist").readlink().name

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def says(self, *names: str) -> list[Any]:
        return [self.record[name] for name in names]

    def all(self) -> dict[str, str]:
        """Return every name, and what is there."""
        return {
            str(path.relative_to(self.root)): str(path.readlink())
            if path.is_symlink()
            else path.read_text()
            for path in self.root.rglob("*")
            if path.is_symlink() or path.is_file()
        }
