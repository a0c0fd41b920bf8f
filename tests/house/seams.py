"""Things that only one module may do, so that there is one place to look, to test and to harden."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.tree import Module, modules


@dataclass(frozen=True)
class Seam:
    """A set of calls, by their dotted end, and of imports; and where alone they may stand."""

    what: str
    only_in: frozenset[str]
    calls: frozenset[str]
    imports: frozenset[str] = frozenset()
    on_any: frozenset[str] = frozenset()  # forbidden whatever stands before the dot


def _of(module: str, *names: str) -> set[str]:
    return {f"{module}.{name}" for name in names}


SYNCS: Final = Seam(
    what="syncs to the disk",
    only_in=frozenset(
        {
            "pmrunnerd/store/durable.py",
            "pmrunnerctl/durably.py",  # an archive that came by the socket, on the client's own disk
        }
    ),
    calls=frozenset(_of("os", "fsync", "fdatasync", "sync")),
    on_any=frozenset({"fsync", "fdatasync"}),
)
STARTS: Final = Seam(
    what="starts a process",
    only_in=frozenset(
        {
            "pmrunnerd/services/process.py",
            "pmrunnerctl/launch.py",  # `pmrunnerctl start` where there is no service manager
            "pmrunnerctl/machinery.py",  # `pmrunnerctl env add`: users and directories are root's to make
            "pmrunnerctl/editor.py",  # the person's own, on their terminal
            "pmrunnerd/detach.py",  # python-daemon, for --detach
        }
    ),
    calls=frozenset(
        _of("os", "fork", "forkpty", "popen", "system", "posix_spawn", "posix_spawnp")
        | _of("os", *(f"exec{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")))
        | _of("os", *(f"spawn{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")))
        | _of("asyncio", "create_subprocess_exec", "create_subprocess_shell")
    ),
    imports=frozenset({"subprocess", "multiprocessing", "pty", "daemon"}),
    on_any=frozenset({"subprocess_exec", "subprocess_shell"}),
)
SPAWNS: Final = Seam(
    what="makes a task of asyncio that no TaskGroup owns",
    only_in=frozenset(),
    calls=frozenset(_of("asyncio", "create_task", "ensure_future") | _of("loop", "create_task")),
    on_any=frozenset({"ensure_future"}),
)


# What only a run host of that agent imports, and where alone it does.
LIBRARIES: Final = {
    "claude_agent_sdk": "pmrunnerd/services/agents/claude/",
    "acp": "pmrunnerd/services/agents/acp/",
    "pydantic": "pmrunnerd/services/agents/acp/",
}


def who_knows_an_agent_s_library(root: Path) -> list[str]:
    """Return each module that imports the library of an agent, and is none of that agent's own.

    A daemon that did would have an agent in it, and 50 MB of libraries that it never uses.
    """
    return [
        f"{module.where}: imports {library}, which {room} alone does"
        for module in modules(root)
        for library, room in LIBRARIES.items()
        if not module.where.startswith(room)
        and any(name.split(".")[0] == library for name in module.imports)
    ]


def crossings(root: Path, seam: Seam) -> list[str]:
    """Return each place that does what only the seam's own modules may do."""
    return [
        f"{module.where}:{line}: {seam.what} ({how})"
        for module in modules(root)
        if module.where not in seam.only_in
        for how, line in _crossings_of(module, seam)
    ]


def _crossings_of(module: Module, seam: Seam) -> Iterator[tuple[str, int]]:
    for name in sorted(module.imports):
        if name.split(".")[0] in seam.imports:
            yield f"imports {name}", 1
    for name, line in module.dotted_names:
        *before, last = name.split(".")
        # `asyncio.get_running_loop().create_task` is spelled `….create_task`: no group's method.
        if (
            last in seam.on_any
            or ".".join([*before[-1:], last]).lstrip("_") in seam.calls
            or (before == ["…"] and f"loop.{last}" in seam.calls)
        ):
            yield name, line
