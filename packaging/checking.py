"""Whether a daemon is well by what an administrator has for that: programs of health.d, each for half a minute at most."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

PATIENCE = 30  # seconds
ROOT = 0
FAILED = 1


def check(environment: str, root: str = "", owner: int = ROOT) -> int:
    """Run each; say which failed, and return whether one of those did that have to hold."""
    wrong = []
    for kind in ("required", "wanted"):
        for program in _programs(Path(f"{root}/etc/pm-runner/health.d/{kind}")):
            if why := _foreign(program, owner) or _why_not(program, environment):
                sys.stderr.write(f"pm-runner: {environment}: {kind}/{program.name}: {why}\n")
                if kind == "required":
                    wrong.append(f"{program.name}: {why}")
    if wrong:
        _tell("; ".join(wrong))
    return FAILED if wrong else 0


def _programs(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if os.access(path, os.X_OK))
    except FileNotFoundError:
        return []


def _foreign(program: Path, owner: int) -> str:
    """Say why a program is not to be run."""
    for path in (program, program.parent):
        found = path.stat()
        if found.st_uid != owner or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"others than root could change {path}"
    return "" if program.is_file() else "it is no program"


def _why_not(program: Path, environment: str) -> str:
    try:
        done = subprocess.run(
            [program],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PMRUNNER_ENV": environment},
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {PATIENCE} s"
    except OSError as exc:
        return f"cannot be run: {exc.strerror}"
    return f"ended with status {done.returncode}" if done.returncode else ""


def _tell(text: str) -> None:
    """Have the manager keep it for whoever asks it about this unit."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if place:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
            said.sendto(f"STATUS={text}".encode(), place.replace("@", "\0", 1))
