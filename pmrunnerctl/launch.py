"""The one place of the client that starts programs: a daemon, or the service manager that has one."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pmrunnerctl.exits import Cannot, Exit

BOOTED: Final = Path("/run/systemd/system")
_STANDARD_ERROR: Final = 2


def daemon(arguments: Sequence[str]) -> None:
    """Run `pmrunnerd … --detach` of this installation; return when it is ready.

    What it says goes to standard error, so that standard output stays the client's own. Raises
    Cannot if it says no.
    """
    argv = [*command(), *arguments, "--detach"]
    status = subprocess.run(
        argv, check=False, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, env=_environment()
    ).returncode
    if status:
        raise Cannot(
            f"cannot start pmrunnerd: it ended with status {status}",
            exits=Exit.ENDED_BADLY,
            code="ended-badly",
            hint=" ".join([*argv[:-1], "  to see it in the foreground"]),
        )


def command() -> list[str]:
    """Return how the daemon of this very installation is called."""
    for beside in (sys.argv[0], sys.executable):
        path = Path(beside).absolute().with_name("pmrunnerd")
        if path.is_file() and os.access(path, os.X_OK):
            return [str(path)]
    return [sys.executable, "-m", "pmrunnerd.main"]


def offline(verb: str, *options: str) -> tuple[bytes, bytes]:
    """Run a verb of `pmrunnerd.offline`; return what it says on standard output and error."""
    argv = [sys.executable, "-m", "pmrunnerd.offline", verb, *options]
    done = subprocess.run(
        argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=_environment()
    )
    return done.stdout, done.stderr


def unit(environment: str) -> str | None:
    """Return the unit of an environment where a service manager knows it."""
    name = f"pm-runner@{environment}.service"
    return name if BOOTED.is_dir() and _quietly("cat", name)[0] == 0 else None


def unit_of(environment: str, pid: int) -> str | None:
    """Return the unit whose main process a daemon is; None for one that somebody else started."""
    name = unit(environment)
    if name is None or _quietly("show", "--property=MainPID", "--value", name)[1] != str(pid):
        return None
    return name


def journal(name: str, lines: int, *, follow: bool) -> int:
    """Show the journal of a unit on our own standard output; return the status it ended with."""
    more = ["--follow"] if follow else ["--no-pager"]
    argv = ["journalctl", "--unit", name, "--lines", str(lines), *more]
    return subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode


def systemctl(verb: str, name: str) -> None:
    """Have the service manager start, stop or restart a unit; its own words go to the terminal."""
    # It counts every start, and a person's are not those of a daemon that cannot stay up.
    _quietly("reset-failed", name)
    status = subprocess.run(
        ["systemctl", verb, name], check=False, stdout=_STANDARD_ERROR
    ).returncode
    if status:
        raise Cannot(
            f"cannot {verb} {name}: systemctl ended with status {status}",
            exits=Exit.ENDED_BADLY,
            code="ended-badly",
            hint=f"systemctl status {name}",
        )


def arguments_of(pid: int) -> list[str]:
    """Return the options that a daemon was started with, as far as we may see them."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []
    return _options(os.fsdecode(word) for word in words)


def _options(words: Iterable[str]) -> list[str]:
    """Return what comes after the program; `--detach` is said anew each time."""
    found = list(words)
    for n, word in enumerate(found):
        if Path(word).name in {"pmrunnerd", "pmrunnerd.main"} or word.endswith("pmrunnerd/main.py"):
            return [option for option in found[n + 1 :] if option != "--detach"]
    return []


def _environment() -> dict[str, str]:
    """Return our environment, in which a checkout's daemon is found where its client was."""
    here = str(Path(__file__).parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _quietly(*words: str) -> tuple[int, str]:
    try:
        done = subprocess.run(["systemctl", *words], check=False, capture_output=True, text=True)
    except OSError:
        return 1, ""
    return done.returncode, done.stdout.strip()
