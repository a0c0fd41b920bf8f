"""What each kind of event is known by, and what is explained of it: held side by side."""

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.house.tree import modules

CATALOG: Final = "systemd/pm-runner.catalog"
# An identifier never changes: so many stand in the table, and this is the digest of their lines. What
# is new stands at the end.
FIRST: Final = 57
DIGEST: Final = "93bcb91308eeacee"
HEADERS: Final = ("Subject", "Defined-By", "Support", "Documentation")
_ENTRY: Final = re.compile(r"^# (?P<name>[a-z-]+)\n-- (?P<id>[0-9a-f]{32})\n", re.MULTILINE)
_FIELD: Final = re.compile(r"@([A-Z_]+)@")


class Explained(NamedTuple):
    """An entry of the catalog."""

    name: str
    identifier: str
    headers: Mapping[str, str]
    text: str


def entries(root: Path) -> list[Explained]:
    """Return the entries of the catalog."""
    said = (root / CATALOG).read_text()
    found = list(_ENTRY.finditer(said))
    ends = [*(one.start() for one in found[1:]), len(said)]
    return [
        _entry(one["name"], one["id"], said[one.end() : end])
        for one, end in zip(found, ends, strict=True)
    ]


def _entry(name: str, identifier: str, said: str) -> Explained:
    head, _, text = said.partition("\n\n")
    return Explained(
        name, identifier, dict(line.split(": ", 1) for line in head.splitlines()), text
    )


def digest(ids: Mapping[str, str], first: int) -> str:
    """Return the digest of the first lines of a table."""
    lines = [f"{name} {found}\n" for name, found in list(ids.items())[:first]]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def badly_explained(root: Path) -> list[str]:
    """Return each entry without its headers, its text, or what to type next."""
    found = []
    for one in entries(root):
        if missing := [header for header in HEADERS if not one.headers.get(header)]:
            found.append(f"{CATALOG}: {one.name}: has no {', '.join(missing)}")
        if not re.search(r"\n\n  \S.*\n", one.text):
            found.append(f"{CATALOG}: {one.name}: says no command to type next")
        if strange := {
            field
            for field in _FIELD.findall(one.text + one.headers.get("Subject", ""))
            if not field.startswith(("PMRUNNER_", "CODE_", "MESSAGE_"))
        }:
            found.append(f"{CATALOG}: {one.name}: no entry has {', '.join(sorted(strange))}")
    return found


def uncertain(root: Path, certain: Mapping[str, set[str]]) -> list[str]:
    """Return each entry that names a field that not every event of its kind has."""
    found = {
        one.name: {
            field.removeprefix("PMRUNNER_").lower()
            for field in _FIELD.findall(one.text + one.headers["Subject"])
            if field.startswith("PMRUNNER_")
        }
        - certain[one.name]
        for one in entries(root)
        if one.name in certain
    }
    return [
        f"{CATALOG}: {name}: not always there: {', '.join(sorted(fields))}"
        for name, fields in found.items()
        if fields
    ]


def said_names(root: Path) -> set[str]:
    """Return the names of the events that are said in the code, and are no facts."""
    return {
        node.args[0].value
        for module in modules(root, "pmrunnerd")
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if isinstance(node.args[0].value, str) and _is_event(node)
    }


def _is_event(call: ast.Call) -> bool:
    """Tell whether a call is `log.info("name", extra={"fields": …})` or `event("name", …)`."""
    if isinstance(call.func, ast.Name):
        return call.func.id == "event"
    return any(
        keyword.arg == "extra" and "'fields'" in ast.dump(keyword.value)
        for keyword in call.keywords
    )
