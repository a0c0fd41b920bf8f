"""Stands in the place of systemctl and of the manager behind it: `units.py MANAGER RUNS WORDS…`.

Each unit of a run, or of a notification, is a process of its own, as nobody's child. What is in the directory MANAGER says
how it is: `denied` allows nothing, `silent` answers nothing; it keeps a file for each unit in there.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_UNIT: Final = "pm-runner-run@test-"
_NOTIFY: Final = "pm-runner-notify@test-"
_MODULES: Final = {_UNIT: "pmrunnerd.runhost", _NOTIFY: "pmrunnerd.notify"}
_PATIENCE: Final = 12.0


def install(directory: Path, manager: Path, runs: Path) -> str:
    """Put a systemctl into a directory and return a PATH that finds it first."""
    manager.mkdir(exist_ok=True)
    directory.mkdir(exist_ok=True)
    program = directory / "systemctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {manager} {runs} "$@"\n')
    program.chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def main(manager: Path, runs: Path, words: list[str]) -> int:
    """Do what systemctl was asked for; return its exit status."""
    verb, unit = words[0], words[-1]
    with (manager / "asked").open("a") as asked:
        asked.write(" ".join(words) + "\n")
    if (manager / "silent").exists():
        time.sleep(60)
    if (manager / "denied").exists() and verb != "show":
        sys.stderr.write(f"Failed to {verb} {unit}: Access denied\nSee system logs for details.\n")
        return 4
    match verb:
        case "start":
            kind = _NOTIFY if unit.startswith(_NOTIFY) else _UNIT
            module = _MODULES[kind]
            _start(manager / unit, module, runs / unit.removeprefix(kind).removesuffix(".service"))
        case "stop":
            _stop(manager / unit)
        case "show":
            failed = (manager / f"{unit}.failed").exists()
            state = "active" if _lives(manager / unit) else "failed" if failed else "inactive"
            job = "Job=7\n" if (manager / f"{unit}.job").exists() else "Job=\n"
            pid = _pid(manager / unit) if _lives(manager / unit) else 0
            said = manager / f"{unit}.said"
            text = said.read_text() if said.exists() else ""
            sys.stdout.write(f"{job}ActiveState={state}\nMainPID={pid}\nStatusText={text}\n")
        case "reset-failed":
            (manager / f"{unit}.failed").unlink()
    return 0


def _start(unit: Path, module: str, place: Path) -> None:
    host = subprocess.Popen(
        [sys.executable, "-P", "-m", module, place],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=unit.with_name(f"{unit.name}.log").open("wb"),
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        start_new_session=True,
    )
    unit.write_text(str(host.pid))


def _stop(unit: Path) -> None:
    if _lives(unit):
        os.kill(_pid(unit), signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while _lives(unit):
        if time.monotonic() > deadline:
            os.kill(_pid(unit), signal.SIGKILL)
        time.sleep(0.01)


def _pid(unit: Path) -> int:
    return int(unit.read_text())


def _lives(unit: Path) -> bool:
    if not unit.exists():
        return False
    try:
        stat = Path(f"/proc/{_pid(unit)}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


if __name__ == "__main__":
    given = [word for word in sys.argv[3:] if not word.startswith("--")]
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), given))
