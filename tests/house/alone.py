"""What runs where nothing of ours is installed, and so imports the standard library and itself."""

import sys
from pathlib import Path
from typing import Final

from tests.house.tree import modules

ALONE: Final = (
    "pmrunnerd.services.agents.pm_ask",
    "pmrunnerd.services.broom",
    "pmrunnerd.services.unwrap",
)


def imports_of_others(root: Path, alone: tuple[str, ...]) -> list[str]:
    """Return each import of what would not be there, and each program that is not there itself."""
    every = modules(root, "pmrunnerd")
    there = [
        (program, module) for module in every for program in alone if _in(module.name, program)
    ]
    return [
        f"{module.where}: imports {imported}, which is not there where it runs"
        for program, module in there
        for imported in sorted(module.imports)
        if imported.partition(".")[0] not in sys.stdlib_module_names and not _in(imported, program)
    ] + [
        f"{program}: runs alone, and is not there"
        for program in alone
        if program not in {found for found, _ in there}
    ]


def _in(name: str, program: str) -> bool:
    return f"{name}.".startswith(f"{program}.")
