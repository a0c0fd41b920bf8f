"""The one place of the client that starts programs: a daemon, or the service manager that has one."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerctl import readership
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerd.model.isolation import Python
from pmrunnerd.model.settings import PREFIX

BOOTED: Final = Path("/run/systemd/system")
_JOURNALS: Final = (Path("/var/log/journal"), Path("/run/log/journal"))
_STANDARD_ERROR: Final = 2
_PYTHON: Final = Python(sys.executable, sys.flags.no_site)
# Who says what it cannot do: the daemon, and the launcher of a release.
_SPEAKERS: Final = ("pmrunnerd: ", "pm-runner: cannot ")
# How a program ends that does not know an option.
_MISUSED: Final = 2


def daemon(
    arguments: Sequence[str],
    settings: Mapping[str, str] | None = None,
    program: Sequence[str] = (),
) -> None:
    """Run `pmrunnerd … --detach` of this installation, or another `program` that is one; return when it is ready.

    `settings` are the variables of ours that it has instead of those around us. Raises Cannot with
    its own words if it says no.
    """
    argv = [*(program or command()), *arguments, "--detach"]
    around = _PYTHON.around(os.environ)
    if settings is not None:
        around = {name: value for name, value in around.items() if not name.startswith(PREFIX)}
        around |= settings
    done = subprocess.run(
        argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=around
    )
    if done.returncode:
        why, hint = _reason(done.stderr.decode(errors="replace"))
        usage = done.returncode == _MISUSED
        raise Cannot(
            why or f"cannot start pmrunnerd: it ended with status {done.returncode}",
            exits=Exit.USAGE if usage else Exit.ENDED_BADLY,
            code="usage" if usage else "ended-badly",
            hint=hint or f"{shlex.join(argv[:-1])}   to see it in the foreground",
        )


def _reason(said: str) -> tuple[str, str]:
    """Return what a daemon said that it cannot do, and its hints; both empty where it said neither."""
    lines = said.splitlines()
    why = [line.partition(": ")[2] for line in lines if line.startswith(_SPEAKERS)]
    hints = [line.partition(": ")[2] for line in lines if line.startswith("  hint: ")]
    what = why[-1] if why else ""
    if what.startswith("error: "):  # of its options
        what = f"cannot start pmrunnerd: {what.partition(': ')[2]}"
    return what, "\n".join(hints)


def command() -> list[str]:
    """Return how the daemon of this very installation is called."""
    for beside in (sys.argv[0], sys.executable):
        path = Path(beside).absolute().with_name("pmrunnerd")
        if path.is_file() and os.access(path, os.X_OK):
            return [str(path)]
    return _PYTHON.runs("pmrunnerd.main")


def offline(
    verb: str, *options: str, streams: bool = False, program: str = "pmrunnerd.offline"
) -> tuple[bytes, bytes]:
    """Run a verb of a program that needs no daemon, which may have our streams; return reply or error."""
    done = subprocess.run(
        _PYTHON.runs(program, verb, *options),
        check=False,
        stdin=None if streams else subprocess.DEVNULL,
        stdout=None if streams and verb == "backup" else subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_PYTHON.around(os.environ),
    )
    if done.returncode:
        return b"", done.stderr
    return done.stdout or done.stderr, b""


def after_a_stop(launcher: Sequence[str]) -> None:
    """Have a release on trial know that a person stopped it, and that this is no fault of its own."""
    subprocess.run(
        launcher,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": os.defpath, "SERVICE_RESULT": "success"},
    )


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


def properties_of(units: Iterable[str], *names: str) -> list[dict[str, str]]:
    """Return what the service manager says of each unit; nothing where there is none to ask."""
    if not BOOTED.is_dir():
        return []
    said = _quietly("show", f"--property={','.join(names)}", *units)[1]
    return [
        dict(line.split("=", 1) for line in one.splitlines() if "=" in line)
        for one in said.split("\n\n")
    ]


def sockets(name: str) -> list[str]:
    """Return the sockets of a service: they have limits of their own."""
    environment = name.removeprefix("pm-runner@").removesuffix(".service")
    return [f"pm-runner{kind}@{environment}.socket" for kind in ("", "-read", "-web")]


def systemctl(verb: str, name: str) -> None:
    """Have the service manager start, stop or restart a unit; its own words go to the terminal."""
    # It counts every start, and a person's are not those of a daemon that cannot stay up.
    _quietly("reset-failed", name, *sockets(name))
    done = subprocess.run(["systemctl", verb, name], check=False, stdout=_STANDARD_ERROR)
    if done.returncode:
        look = "systemctl status" if os.geteuid() == 0 else f"sudo systemctl {verb}"
        raise Cannot(
            f"cannot {verb} {name}: systemctl ended with status {done.returncode}",
            exits=Exit.ENDED_BADLY,
            code="ended-badly",
            hint=f"{look} {name}",
        )


def journal(
    name: str,
    words: Sequence[str],
    *,
    lines: int,
    follow: bool,
    each: Callable[[str], None] | None = None,
) -> None:
    """Have journalctl show what a unit said: its output is ours, or goes to `each`, as JSON, line by line.

    `words` are which of it, as journalctl has them; fewer than no lines are all.

    Raises Cannot if it says no, and BrokenPipeError once nobody reads what it shows.
    """
    _must_be_readable(name)
    many = f"--lines={lines if lines >= 0 else 'all'}"
    argv = ["journalctl", "--no-pager", many, *(["--follow"] if follow else [])]
    # What journalctl says of its own, `-- No entries --` say, is no line of the daemon's.
    argv += ["--quiet", "--output=json", "--all"] if each else []
    argv += words
    try:
        with _companion(argv, subprocess.PIPE if each else None) as child:
            if each and child.stdout:
                for line in readership.lines(child.stdout):
                    each(line.decode(errors="replace"))
            status = child.wait()
    except FileNotFoundError:
        raise Cannot(
            f"cannot show the log of {name}: there is no journalctl on PATH",
            exits=Exit.NOT_FOUND,
            code="not-found",
            hint="sudo apt-get install systemd",
        ) from None
    if not readership.is_read():
        raise BrokenPipeError
    if status:
        raise Cannot(
            f"cannot show the log of {name}: journalctl ended with status {status}",
            exits=Exit.ENDED_BADLY,
            code="ended-badly",
            hint=f"sudo journalctl -u {name}",
        )


def _quietly(*words: str) -> tuple[int, str]:
    try:
        done = subprocess.run(["systemctl", *words], check=False, capture_output=True, text=True)
    except OSError:
        return 1, ""
    return done.returncode, done.stdout.strip()


def _must_be_readable(name: str) -> None:
    """Raise Cannot where journalctl would show nothing, because its files are not ours to read."""
    files = [file for directory in _JOURNALS for file in directory.glob("*/system.journal")]
    if files and not any(os.access(file, os.R_OK) for file in files):
        raise Cannot(
            f"cannot show the log of {name}: you may not read the journal of this machine",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint="sudo usermod -aG systemd-journal $USER   # then log in again",
        )


@contextlib.contextmanager
def _companion(argv: list[str], stdout: int | None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program that only reads, and that ends with us: nobody else would know of it.

    A signal that comes while it is started counts once it is there, for it may say something, and
    be heard, before we know its process.
    """
    came: list[int] = []

    def leave(number: int, _: object) -> None:
        child.kill()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    usual = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup has it ignored
    }
    try:
        child = subprocess.Popen(argv, stdout=stdout)
    except OSError:
        for number, before in usual.items():
            signal.signal(number, before)
        raise
    with child:
        try:
            for number, before in usual.items():
                signal.signal(number, leave if before is signal.SIG_DFL else before)
            for one in came:
                os.kill(os.getpid(), one)
            yield child
        except BaseException:
            # Whoever pressed Ctrl-C, or has gone, waits for nothing more of it.
            child.kill()
            raise
