"""What the rules of the house look at: a checkout's files, its modules, what they import and call.

Every rule is a function of a root directory that returns what breaks it, one sentence each. So it
can be held against the house and, to see that it can fail, against a small tree with a fault in it.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("pmrunnerd", "pmrunnerctl")
GENERATED: Final = re.compile(
    r"(^|/)(\.venv|\.[a-z]+_cache|\.hypothesis|__pycache__|[^/]*\.egg-info)"
)


@dataclass(frozen=True)
class Module:
    path: Path
    name: str
    root: Path

    @property
    def where(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> set[str]:
        """Every module that it names, wherever in its text, for types only or not."""
        return set(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                source = node.module or ""
                for alias in node.names:
                    whole = f"{source}.{alias.name}"
                    yield whole if _is_module(self.root, whole) else source

    @cached_property
    def dotted_names(self) -> list[tuple[str, int]]:
        """Every `a.b.c` and every name that is imported from somewhere, with its line."""
        found = []
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Attribute):
                found.append((_dotted(node), node.lineno))
            elif isinstance(node, ast.ImportFrom):
                found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
        return found


def _is_module(root: Path, name: str) -> bool:
    path = root.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def _dotted(node: ast.expr) -> str:
    """Spell an expression as far as it is names: `…` stands for a call or a subscript."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"


def modules(root: Path, *packages: str) -> list[Module]:
    """Return every module of the packages, or of both; what is not written yet is not there."""
    found = []
    for package in packages or PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            about = path.stat()
            found.append(_module(path, name, root, (about.st_mtime_ns, about.st_size)))
    return found


@cache
def _module(path: Path, name: str, root: Path, _as_it_was: tuple[int, int]) -> Module:
    """Return the same module to every rule, so that a text is parsed once, as long as it is the same."""
    return Module(path, name, root)


def files(root: Path) -> list[Path]:
    """Return what is committed or about to be; of a tree without git, what nobody generated."""
    if not root.joinpath(".git").exists():
        paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(path for path in paths if not GENERATED.search(path.as_posix()))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(Path(name) for name in listed.split("\0") if name and (root / name).is_file())


def must_hold(found: list[str]) -> None:
    """Fail with everything that breaks a rule, one a line, and not with the first."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)
