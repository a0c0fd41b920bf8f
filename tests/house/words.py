"""What no committed text may hold: the paths of one machine, the host of a registry, a mock."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.tree import files, modules

# Directories that every Linux has at its root: a path that begins with one is nobody's in particular.
EVERYBODYS: Final = frozenset(
    "bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split()
)
# Written so that this line is not one of its own findings.
REGISTRIES: Final = re.compile(r"\b(?:pyp[i]|pythonhoste[d]|npmj[s])\.org\b|\bdebia[n]\.org\b")
MOCKS: Final = frozenset({"unittest.mock", "mock", "pytest_mock"})
WORDS_OF_A_SENTENCE: Final = 4
_TEST: Final = re.compile(r"\bdef\s+(test_\w*)")


def machines_paths(root: Path, checkout: Path, home: Path) -> list[str]:
    """Return each mention of where this checkout or this person's home happens to lie."""
    own = [f"{path}/" for path in (checkout, home) if len(path.parts) > 1]
    if checkout.parts[1:2] and checkout.parts[1] not in EVERYBODYS:
        own.append(f"/{checkout.parts[1]}/")
    pattern = re.compile(r"(?<![\w.~-])(?:" + "|".join(map(re.escape, own)) + ")")
    return _findings(root, pattern, "a path of this machine")


def registry_hosts(root: Path) -> list[str]:
    return _findings(root, REGISTRIES, "the host of a package registry")


def _findings(root: Path, pattern: re.Pattern[str], what: str) -> list[str]:
    return [
        f"{path}:{number}: holds {what}"
        for path in files(root)
        for number, line in _lines(root / path)
        if pattern.search(line)
    ]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a text; a file that is none has no lines."""
    try:
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    except UnicodeDecodeError:
        return


def mocks(root: Path) -> list[str]:
    return [
        f"{module.where}: imports {imported}; use a real part or a fake that is a real program"
        for module in modules(root, "pmrunnerd", "pmrunnerctl", "tests")
        if "mock" in module.text  # to parse all of them takes ten seconds
        for imported in sorted(module.imports & MOCKS)
    ]


def names_that_are_no_sentences(root: Path) -> list[str]:
    """Return each test whose name is too short to say what is true when it passes."""
    return [
        f"{module.where}:{node.lineno}: {node.name} is no sentence"
        for module in modules(root, "tests")
        if any(map(_is_short, _TEST.findall(module.text)))  # or in a text that it only quotes
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and _is_short(node.name)
    ]


def _is_short(name: str) -> bool:
    return len(name.removeprefix("test_").split("_")) < WORDS_OF_A_SENTENCE
