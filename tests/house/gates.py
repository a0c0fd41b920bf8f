"""The suites are the gates: a test that is of no gate judges nothing."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

RUNS = "packaging/test"
COUNTS = "junit.xml"


def breaches(root: Path) -> list[str]:
    """Say which tests are of no gate or of several, and which gate has no tests or counts none."""
    gates: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["tool"][
        "pm-runner"
    ]["gates"]
    found = []
    of: dict[str, list[str]] = {str(path.relative_to(root)): [] for path in _tests(root)}
    for name, gate in gates.items():
        words = shlex.split(gate["command"])
        if words[0] != RUNS or gate.get("tests") != COUNTS or f"--junit-xml={COUNTS}" not in words:
            found.append(
                f"gate {name}: is not `{RUNS} --junit-xml={COUNTS} …`, counted by that file"
            )
        paths = [word for word in words[1:] if not word.startswith("-")]
        spared = [word.partition("=")[2] for word in words if word.startswith("--ignore=")]
        mine = [test for test in of if _below(test, paths) and not _below(test, spared)]
        if not mine:
            found.append(f"gate {name}: has no tests")
        for test in mine:
            of[test].append(name)
    for test, names in of.items():
        if len(names) != 1:
            found.append(f"{test}: is of {' and '.join(names) or 'no gate'}, and has to be of one")
    return found


def _tests(root: Path) -> list[Path]:
    return [path for path in sorted((root / "tests").rglob("*.py")) if _is_test(path)]


def _is_test(path: Path) -> bool:
    return re.fullmatch(r"test_\w+\.py", path.name) is not None


def _below(test: str, places: list[str]) -> bool:
    return any(test == place or test.startswith(f"{place}/") for place in places)
