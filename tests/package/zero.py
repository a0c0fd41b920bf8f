"""A root with what release-zero works on, and a builder that takes no time."""

import shutil
import subprocess
from pathlib import Path

from tests.house.tree import ROOT

# In the place of build-release: it makes a release of what the source says, and names it.
BUILDER = """#!/usr/bin/python3
import json, pathlib, sys, sysconfig
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
name = (pathlib.Path(given["--source"]) / "name").read_text()
release = pathlib.Path(given["--into"], name)
(release / "lib").mkdir(parents=True, exist_ok=True)
facts = {"source": given["--source-digest"], "soabi": sysconfig.get_config_var("SOABI")}
facts |= {"python": "3", "tree": "", "files": 0, "bytes": 0}
release.joinpath("release.json").write_text(json.dumps(facts))
print(name)
"""


class Machine:
    """A root with the files of the package, prod and dev, and no release yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.homes = root / "opt/pm-runner"
        for name in ("prod", "dev"):
            (self.homes / name / "releases").mkdir(parents=True)
        (root / "lib").mkdir()
        for name in ("release-zero", "release.py"):
            shutil.copy(ROOT / "packaging" / name, root / "lib")
        (root / "lib/build-release").write_text(BUILDER)
        (root / "lib/build-release").chmod(0o755)
        self.brings("1-a", source="a")

    def brings(self, name: str, *, source: str) -> None:
        share = self.root / "usr/share/pm-runner"
        (share / "source").mkdir(parents=True, exist_ok=True)
        (share / "source/name").write_text(name)
        (share / "source.digest").write_text(f"{source}\n")

    def install(self, *words: str, status: int = 0) -> str:
        command: list[str | Path] = [self.root / "lib/release-zero", "--root", self.root, *words]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        assert done.returncode == status
        return done.stdout

    def dist(self, environment: str) -> str:
        return str((self.homes / environment / "dist").readlink())
