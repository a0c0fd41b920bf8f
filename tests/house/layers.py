"""Who may know whom: floors, rooms beside them, the client, and what is pure."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from tests.house.tree import Module, modules

FLOORS: Final = ("model", "rules", "store", "services", "engine", "api")
ROOF: Final = len(FLOORS)  # main and the other modules that stand in no room

# Rooms beside the floors, and the only rooms that each may know.
BESIDE: Final = {
    "runhost": {"model", "services"},  # another process: the state is not its own
    "notify": {"model"},  # another process: it has a network, and nothing else
}

PURE: Final = ("pmrunnerd.model", "pmrunnerd.rules")
PURE_MAY_IMPORT: Final = frozenset(
    """
    __future__ abc base64 binascii bisect collections contextlib copy dataclasses datetime decimal difflib enum errno
    fractions functools graphlib hashlib heapq hmac ipaddress itertools json math operator re shlex string
    struct textwrap tomllib types typing unicodedata zlib msgspec pmrunnerd
    """.split()
)
# Names of paths, no paths; a parser of what is in memory already.
PURE_PARTS: Final = {"pathlib.PurePath", "pathlib.PurePosixPath", "xml.parsers.expat"}
CLOCKS: Final = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
DISK_AND_TERMINAL: Final = {"open", "print", "input", "exec", "eval"}


def room(name: str) -> str | None:
    """Return the room of a module of the daemon; None for one directly under the roof."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and (parts[1] in FLOORS or parts[1] in BESIDE) else None


def strange_rooms(root: Path) -> list[str]:
    """Return each package of the daemon that has no place in the house."""
    return [
        f"{module.where}: a room without a floor; give it one in tests/house/layers.py"
        for module in modules(root, "pmrunnerd")
        if module.is_package and module.name.count(".") == 1 and room(module.name) is None
    ]


def upward_imports(root: Path) -> list[str]:
    """Return each import that does not go down to a floor below."""
    return [
        f"{module.where}: imports {imported}, which is not below it"
        for module in modules(root, "pmrunnerd")
        for imported in sorted(module.imports)
        if imported.startswith("pmrunnerd.") and not _may_know(module, imported)
    ]


def _may_know(module: Module, imported: str) -> bool:
    mine, theirs = room(module.name), room(imported)
    if mine == theirs:
        return True
    if mine in BESIDE:
        return theirs in BESIDE[mine]
    return theirs in FLOORS and FLOORS.index(theirs) < (FLOORS.index(mine) if mine else ROOF)


def cycles(root: Path) -> list[str]:
    """Return a circle of modules that import each other, if there is one."""
    known = {module.name: module for module in modules(root)}
    graph = {name: module.imports & known.keys() - {name} for name, module in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def relative_imports(root: Path) -> list[str]:
    return [
        f"{module.where}:{node.lineno}: import absolutely"
        for module in modules(root)
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def what_the_client_knows(root: Path) -> list[str]:
    """Return each import by which the client knows more of the daemon than its words."""
    return [
        f"{module.where}: imports {imported}; of the daemon, the client knows pmrunnerd.model"
        for module in modules(root, "pmrunnerctl")
        for imported in sorted(module.imports)
        if imported.startswith("pmrunnerd.") and not f"{imported}.".startswith("pmrunnerd.model.")
    ]


def impurities(root: Path) -> list[str]:
    """Return what keeps model and rules from being pure: no clock, no disk, no await."""
    return [
        f"{module.where}: {what}"
        for module in modules(root, "pmrunnerd")
        if module.name.startswith(PURE)
        for what in _impurities_of(module)
    ]


def _takes_pure_parts(module: Module, imported: str) -> bool:
    """Tell whether all that is taken from an impure module are parts of it that are pure."""
    taken = {name for name, _ in module.dotted_names if name.startswith(f"{imported}.")}
    return bool(taken) and taken <= PURE_PARTS


def _impurities_of(module: Module) -> Iterator[str]:
    for imported in sorted(module.imports):
        if imported.split(".")[0] not in PURE_MAY_IMPORT and not _takes_pure_parts(
            module, imported
        ):
            yield f"imports {imported}, which is not known to be pure"
    for name, line in module.dotted_names:
        if ".".join(name.split(".")[-2:]) in CLOCKS:
            yield f"line {line} looks at the clock; it comes in through the door"
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"line {node.lineno} is async; rules do not wait"
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in DISK_AND_TERMINAL:
                yield f"line {node.lineno} calls {name}()"
