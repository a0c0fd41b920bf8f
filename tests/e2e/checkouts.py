"""Copies of this checkout to run packaging/quickstart in, with uv, without it, without a network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT, files

Environ = dict[str, str]


def copy_to(target: Path) -> Path:
    """Copy the checkout as git would clone it, with what is not committed yet."""
    for name in files(ROOT):
        target.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def environ(tools: Path, installer: str) -> Environ:
    """Return an environment in which uv is found, or is not."""
    tools.mkdir(exist_ok=True)
    path = [
        directory
        for directory in os.environ["PATH"].split(":")
        if not Path(directory, "uv").exists()
    ]
    if installer == "uv":
        # Of the environment of the tests, or of what was prepared for it.
        beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        found = shutil.which("uv", path=beside)
        assert found, "the environment of the tests has uv"
        tools.joinpath("uv").symlink_to(found)
        path.insert(0, str(tools))
    return {**os.environ, "PATH": ":".join(path), "PYTHON": sys.executable}


def quickstart(checkout: Path, env: Environ, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["packaging/quickstart", *arguments],
        cwd=checkout,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


def offline(env: Environ) -> Environ:
    """Return the same, with every index at a port where nobody answers."""
    nowhere = "http://127.0.0.1:9/"
    return env | {
        "PIP_INDEX_URL": nowhere,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "UV_OFFLINE": "1",
        "UV_NO_CACHE": "1",
        "UV_DEFAULT_INDEX": nowhere,
    }
