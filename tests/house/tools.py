"""The tools that read the whole house: formatter, linter, type checker, shell checker."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.house.tree import files

RUFF: Final = (sys.executable, "-m", "ruff")
CHECKED_FOR_TYPES: Final = ("pmrunnerd", "pmrunnerctl", "tests")
SHELLS: Final = ("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh", "# shellcheck shell=")


def complaints(root: Path, *command: str) -> list[str]:
    """Run a tool of this environment in a tree and return what it says, if it is not content."""
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return (answer.stdout + answer.stderr).splitlines() if answer.returncode else []


def formatting(root: Path) -> list[str]:
    return complaints(root, *RUFF, "format", "--check", "--quiet", "--output-format=concise", ".")


def lint(root: Path) -> list[str]:
    return complaints(root, *RUFF, "check", "--quiet", "--output-format=concise", ".")


def types(root: Path) -> list[str]:
    there = [name for name in CHECKED_FOR_TYPES if list((root / name).rglob("*.py"))]
    return complaints(root, sys.executable, "-m", "mypy", "--strict", *there)


def shell_scripts(root: Path) -> list[str]:
    """Return every shell script, whatever it is called, by its first line."""
    return [
        str(path)
        for path in files(root)
        if path.suffix in {"", ".sh"} and (root / path).read_bytes().startswith(_firsts())
    ]


def _firsts() -> tuple[bytes, ...]:
    return tuple(first.encode() for first in SHELLS)


def shell(root: Path) -> list[str]:
    beside = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or "shellcheck"
    return complaints(root, beside, "--external-sources", *shell_scripts(root))
