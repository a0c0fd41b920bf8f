"""The shape of the house: small modules with one idea each, rooms with a page, a bare top level."""

import ast
from pathlib import Path
from typing import Final

from tests.house.tree import files, modules

# Modules aim at 150 lines; over this many each needs its reason.
LIMIT: Final = 250

LONG: Final[dict[str, str]] = {
    "pmrunnerd/model/entities.py": "one noun is read beside the others, and all of them in each fact",
    "pmrunnerd/model/errand.py": "errands and what comes of each are read side by side",
    "pmrunnerd/house.py": "the rooms are joined in one place, and each of them costs it a few lines",
    "pmrunnerd/model/events.py": "one union, one file format: it is read from top to bottom",
    "pmrunnerd/model/views.py": "each client imports all of it, and one file costs less than two",
    "pmrunnerd/model/settings.py": "each setting is declared once, in the order in which all are shown",
    "pmrunnerd/model/protocol.py": "the requests and the table of them are read side by side",
}

TOP_LEVEL: Final = frozenset(
    """
    pmrunnerd pmrunnerctl systemd state tests packaging
    README.md CHANGELOG.md LICENSE EVIDENCE.md pyproject.toml
    """.split()
)
NO_PACKAGES: Final = ("packaging", "systemd", "state")
NO_NAMES: Final = frozenset(
    "base common helper helpers manager managers misc shared util utils".split()
)

# Modules without a test file of their own in tests/unit, each with the reason.
TESTED_ELSEWHERE: Final[dict[str, str]] = {
    "pmrunnerd/store/fold.py": "it is generated: house/test_generated.py",
    "pmrunnerd/house.py": "it joins the rooms: every test with a real daemon is a test of it",
}


def long_modules(root: Path, reasons: dict[str, str]) -> list[str]:
    """Return each module that is too long, and each reason that is needed no more."""
    lengths = {module.where: len(module.text.splitlines()) for module in modules(root)}
    found = [
        f"{where}: {length} lines; over {LIMIT} it needs its reason in LONG, or to be two"
        for where, length in lengths.items()
        if length > LIMIT and where not in reasons
    ]
    stale = [where for where in reasons if lengths.get(where, 0) <= LIMIT]
    return found + [f"{where}: needs no reason any more; take it out of LONG" for where in stale]


def long_tests(root: Path) -> list[str]:
    return [
        f"{module.where}: over {LIMIT} lines: it has become two"
        for module in modules(root, "tests")
        if len(module.text.splitlines()) > LIMIT
    ]


def missing_ideas(root: Path) -> list[str]:
    """Return each module that does not begin with a sentence saying its one idea."""
    found = []
    for module in modules(root):
        first, *_ = (ast.get_docstring(module.syntax) or "").partition("\n")
        if not first.endswith("."):
            found.append(f"{module.where}: the first line of its docstring is to be a sentence")
    return found


def names_without_meaning(root: Path) -> list[str]:
    return [
        f"{module.where}: {module.path.stem} says nothing; name it by what it does"
        for module in modules(root, "pmrunnerd", "pmrunnerctl", "tests")
        if NO_NAMES & {part.strip("_") for part in module.name.split(".")}
    ]


def rooms(root: Path) -> list[Path]:
    """Return every directory that is to explain itself."""
    inner = [path.parent for path in sorted(root.glob("pmrunnerd/*/__init__.py"))]
    outer = [root / name for name in ("pmrunnerctl", "systemd", "state", "tests", "packaging")]
    return inner + [path for path in outer if path.is_dir()]


def rooms_without_a_page(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: has no README.md"
        for path in rooms(root)
        if not path.joinpath("README.md").is_file()
    ]


def clutter(root: Path) -> list[str]:
    """Return what stands at the top level and is not one of the things that may."""
    tops = sorted({path.parts[0] for path in files(root)})
    return [
        f"{top}: does not belong at the top level"
        for top in tops
        if top not in TOP_LEVEL and not top.startswith(".")
    ]


def packages_that_hide_others(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: would hide the PyPI module that others import"
        for name in NO_PACKAGES
        for path in sorted((root / name).rglob("__init__.py"))
    ]


def broken_mirror(root: Path, reasons: dict[str, str]) -> list[str]:
    """Return each module without its test file, and each test file without its module.

    `pmrunnerd/store/journal.py` has `tests/unit/store/test_journal.py`, `pmrunnerctl/cli.py` has
    `tests/unit/pmrunnerctl/test_cli.py`. What only says a package's idea, or starts it, has none.
    """
    wanted = {}
    for module in modules(root):
        path = module.path.relative_to(root)
        if path.name not in {"__init__.py", "__main__.py"}:
            inside = path.relative_to("pmrunnerd") if path.parts[0] == "pmrunnerd" else path
            wanted[(Path("tests/unit") / inside).with_name(f"test_{path.name}").as_posix()] = path
    there = {path.relative_to(root).as_posix() for path in root.glob("tests/unit/**/test_*.py")}
    here = {path.as_posix() for path in wanted.values()}
    return [
        *(
            f"{path}: has no {test}"
            for test, path in wanted.items()
            if test not in there and path.as_posix() not in reasons
        ),
        *(f"{test}: mirrors no module" for test in sorted(there - wanted.keys())),
        *(f"{path}: excused, and not there" for path in reasons if path not in here),
    ]
