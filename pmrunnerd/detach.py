"""Goes to the background where there is no service manager, and says whether that went well.

The parent waits on a pipe that only the daemon holds: `ready` on it is success, anything else is
the reason, and silence at its end means that the daemon died.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from io import FileIO
from typing import Final

from daemon import DaemonContext

from pmrunnerd.options import Options

READY: Final = b"ready"
LOG: Final = "pmrunnerd.log"


def detach(options: Options, run: Callable[[Callable[[str], object]], int]) -> int:
    """Run `run` as a daemon; return the exit status of the one who started it.

    `run` is given a function to call once: with an empty text when it is ready, or with the reason
    why it cannot be.
    """
    log = options.state_directory / LOG
    try:
        options.state_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("a+b", buffering=0) as file:
            _end_the_line(file)
    except OSError as exc:
        sys.stderr.write(f"pmrunnerd: cannot write {log}: {exc.strerror}\n")
        sys.stderr.write("  hint: pmrunnerd --state-dir DIR   a directory of yours\n")
        return 1
    heard, tell = os.pipe()
    if os.fork() == 0:
        os.close(heard)
        _become_daemon(options, run, tell)
    os.close(tell)
    with os.fdopen(heard, "rb") as pipe:
        said = pipe.read()
    os.wait()
    if said == READY:
        sys.stdout.write(f"pmrunnerd {options.environment} runs in the background\n")
        sys.stdout.write(f"  control socket  {options.socket}\n  log             {log}\n")
        return 0
    sys.stderr.write(said.decode() or f"pmrunnerd: cannot start: it died\n  hint: tail {log}\n")
    return 1


def _end_the_line(file: FileIO) -> None:
    """Have what comes begin on a line of its own, where the disk was full in the middle of the last."""
    if file.seek(0, os.SEEK_END) == 0:
        return
    file.seek(-1, os.SEEK_END)
    if file.read(1) != b"\n":
        with contextlib.suppress(OSError):  # it is full still
            file.write(b"\n")


def _become_daemon(
    options: Options, run: Callable[[Callable[[str], object]], int], tell: int
) -> None:
    told = False

    def report(problem: str) -> None:
        nonlocal told
        if told:
            # The one who started us has gone; what goes wrong from here on is for the log.
            sys.stderr.write(problem)
            return
        told = True
        os.write(tell, problem.encode() or READY)
        os.close(tell)

    log = (options.state_directory / LOG).open("ab", buffering=0)
    context = DaemonContext(
        detach_process=True,
        working_directory=os.fspath(options.state_directory),
        umask=0o077,
        files_preserve=[tell],
        stdout=log,
        stderr=log,
        # The loop of asyncio handles the signals; the library's handlers would race with it.
        signal_map={},
    )
    with context:
        status = run(report)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
