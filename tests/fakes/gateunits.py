"""Stands in the place of systemctl for units of gates: `gateunits.py MANAGER WORDS…`.

A unit is a file in the directory MANAGER: it is there from `start` to `stop`. `asked` has all that was asked,
and where there is `denied` nothing but a look is allowed.
"""

import os
import sys
from pathlib import Path


def install(directory: Path, manager: Path) -> str:
    """Put a systemctl into a directory and return a PATH that finds it first."""
    manager.mkdir(exist_ok=True)
    directory.mkdir(exist_ok=True)
    program = directory / "systemctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {manager} "$@"\n')
    program.chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def main(manager: Path, words: list[str]) -> int:
    """Do what systemctl was asked for; return its exit status."""
    verb, unit = words[0], words[-1]
    with (manager / "asked").open("a") as asked:
        asked.write(" ".join(words) + "\n")
    if (manager / "denied").exists() and verb != "show":
        sys.stderr.write(f"Failed to {verb} {unit}: Access denied\n")
        return 4
    match verb:
        case "start":
            (manager / unit).touch()
        case "stop":
            (manager / unit).unlink()
        case "show":
            state = "active" if (manager / unit).exists() else "inactive"
            sys.stdout.write(f"Job=\nActiveState={state}\n")
    return 0


if __name__ == "__main__":
    given = [word for word in sys.argv[2:] if not word.startswith("--")]
    sys.exit(main(Path(sys.argv[1]), given))
