"""The one place that starts processes: argv lists, never a shell string; a session of their own."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services.child import Child
from pmrunnerd.services.outcome import Exited, Killed, Outcome, TimedOut, collect

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CANNOT_START: Final = 127  # as a shell says it
# util-linux, on every Debian. It returns once it has made the process that is nobody's child.
_DETACH: Final = ("setsid", "--fork", "--")


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start a process with its output on pipes; the loop must be running. Raises OSError."""
    process = subprocess.Popen(
        [os.fspath(word) for word in argv],
        cwd=cwd,
        env=dict(env),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    pipes = [os.dup(pipe.fileno()) for pipe in (process.stdout, process.stderr)]
    process.stdout.close()
    process.stderr.close()
    # Child waits for it; an object that thinks it is still running would wait, too.
    process.returncode = 0
    return Child(process.pid, stdout=pipes[0], stderr=pipes[1])


async def run(  # noqa: PLR0913 - everything that bounds it is said by the caller
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    total: float,
    limit: int,
    input: bytes = b"",
    pass_fds: Sequence[int] = (),
) -> Outcome:
    """Run a short helper to its end and return what became of it.

    It may take `total` seconds and print `limit` bytes. A program that is not there is
    `Exited(127)`, as in a shell.
    """
    with given(input) as stdin:
        try:
            child = start(argv, cwd=cwd, env=env, stdin=stdin, pass_fds=pass_fds)
        except OSError as exc:
            why = f"cannot start {argv[0]}: {exc.strerror}"
            return Exited(CANNOT_START, b"", why.encode())
    return await collect(child, total=total, limit=limit)


def ask(argv: Sequence[str | Path], *, env: Mapping[str, str], total: float) -> Outcome:
    """Run a helper that takes some milliseconds, and wait for it here: everything else waits, too.

    A program that is not there is `Exited(127)`, as in a shell.
    """
    words = [os.fspath(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            cwd="/",
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=total,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TimedOut(total)
    except OSError as exc:
        why = f"cannot start {words[0]}: {exc.strerror}"
        return Exited(CANNOT_START, b"", why.encode())
    if done.returncode < 0:
        return Killed(-done.returncode, done.stdout, done.stderr)
    return Exited(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def given(data: bytes) -> Iterator[int]:
    """Lend a file that holds this and nothing else: it cannot fill up and block as a pipe can."""
    with open(os.memfd_create("input"), "w+b", buffering=0) as file:  # noqa: PTH123
        file.write(data)
        file.seek(0)
        yield file.fileno()


def spawn_detached(
    argv: Sequence[str | Path],
    *,
    pass_fds: Sequence[int],
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
) -> None:
    """Start a process that is nobody's child, in a session of its own; its output goes to `log`.

    Returns when it exists, which is before it does anything. Raises OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(log, flags, 0o600), "ab", buffering=0) as output:  # noqa: PTH123
        done = subprocess.run(
            [*_DETACH, *(os.fspath(word) for word in argv)],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            check=False,
        )
    if done.returncode:
        raise OSError(f"cannot start {argv[0]}: setsid ended with status {done.returncode}")
