"""Which files a package is built of: those of a commit, in a checkout and in a gate's copy without git alike."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT, files

# It is a program, and says where it lies itself.
LIST = """
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType
built = ModuleType("build_deb")
built.__file__ = sys.argv[1]
SourceFileLoader("build_deb", sys.argv[1]).exec_module(built)
print(*built.sources(), sep="\\0")
print(built.epoch())
"""
MADE = (
    ".venv-test/bin/python",
    "pm_runner.egg-info/PKG-INFO",
    "pmrunnerd/__pycache__/main.cpython-311.pyc",
    ".pytest_cache/README.md",
    ".hypothesis/x",
    "build/pm-runner_1_all.deb",
)


def test_a_copy_without_git_has_the_sources_that_a_checkout_has(tmp_path: Path) -> None:
    for name in map(str, files(ROOT)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    for name in MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    listed, epoch = (
        subprocess.run(
            [sys.executable, "-c", LIST, tmp_path / "packaging/build-deb"],
            env={"PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        )
        .stdout.strip()
        .split("\n")
    )

    assert set(listed.split("\0")) == {str(name) for name in files(ROOT)} - {"EVIDENCE.md"}
    assert epoch == "315532800", "nobody knows when it was committed"
