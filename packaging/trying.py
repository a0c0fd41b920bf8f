"""One try of a gate: its command behind walls, to its end or its time, and what it says kept."""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from typing import Any, Final

import trees

# As gate.py's own: a status that no command needs.
TIMED_OUT: Final = 251
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Of what a command says: so much from its beginning, and so much from its end, where the reason is.
HEAD: Final = 8 << 20
TAIL: Final = 1 << 20
_PIECE: Final = 1 << 16
_KNOWN_BY: Final = "PM_RUNNER_RUN"  # as services/leftovers looks for it
_PDEATHSIG: Final = 1
_CHILD_SUBREAPER: Final = 36
# It says that it is there, waits for a word, and becomes the command, which sees nothing of this.
_HELD: Final = """fd=$1
echo >&"$fd" && read -r _ <&"$fd" || exit 1
exec {fd}>&- && exec bash -euo pipefail -c "$2"
"""


class CannotError(Exception):
    """The command was not run, and this is why."""


def work(
    name: str, walls: list[str], spec: dict[str, Any], directory: int, told: dict[str, Any]
) -> int:
    """Run a gate's command behind its walls, to its end or its time; return its status."""
    log = os.open("log", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    known, tell = os.pipe()
    ours, theirs = socket.socketpair()
    # By this it is found where we are killed while it builds its walls; the command does not see it.
    mark = os.environ.get(_KNOWN_BY, name)
    argv = [*walls, "--setenv", _KNOWN_BY, mark, "--unsetenv", _KNOWN_BY]
    argv += ["--json-status-fd", str(tell), "--"]
    argv += ["bash", "-c", _HELD, "gate", str(theirs.fileno()), spec["command"]]
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            argv,
            env={"PATH": PATH, "LANG": "C.UTF-8", _KNOWN_BY: mark},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(tell, theirs.fileno()),
            umask=0o022,  # as everywhere, and not ours
        )
    except OSError as exc:
        raise CannotError(f"bubblewrap: {exc.strerror}") from exc
    os.close(tell)
    theirs.close()
    assert child.stdout is not None
    try:
        until = began + spec["timeout"]
        let_go(ours, spec["timeout"])
        late = not pump(child.stdout.fileno(), log, until)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, until - time.monotonic()))
    finally:
        child.kill()
        status = child.wait()
        child.stdout.close()
        os.close(log)
    with os.fdopen(known) as answer:
        ran = [json.loads(line) for line in answer if line.strip()]
    told["seconds"] = time.monotonic() - began
    if late:
        told |= {"kind": "timed-out", "why": f"it took longer than {spec['timeout']:g} s"}
        return TIMED_OUT
    if status >= 0 and not any("exit-code" in line for line in ran):
        raise CannotError("bubblewrap could not build its walls; the log says why")
    told["kind"] = "ended"
    return 128 - status if status < 0 else status


def let_go(command: socket.socket, timeout: float) -> None:
    """Let a command begin, once it says that it is there: by then it ends with us.

    bubblewrap asks to be killed when we end, and does not look whether we have: had we been killed before
    it asked, its command would be nobody's.
    """
    command.settimeout(timeout)
    with command, contextlib.suppress(TimeoutError, ConnectionError, BrokenPipeError):
        if command.recv(1):
            command.sendall(b"\n")


def die_with(parent: int) -> None:
    """Have the kernel kill us when our parent ends; end at once where it has."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become who waits for what bubblewrap leaves: it ends before its own child is waited for, whose usage is the command's."""
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1)


def wait_for_all() -> None:
    """Wait for each child there is, so that the kernel adds to ours what it has used."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def pump(pipe: int, log: int, until: float) -> bool:
    """Keep what comes out of a pipe until its end; tell whether that came in time.

    Raises OSError where the disk takes no more: a gate whose words are lost has shown nothing.
    """
    kept, left, tail = 0, 0, bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while (rest := until - time.monotonic()) > 0:
            if not ready.select(rest):
                continue
            piece = os.read(pipe, _PIECE)
            if not piece:
                break
            head = piece[: max(0, HEAD - kept)]
            trees.write(log, head)
            kept += len(head)
            tail += piece[len(head) :]
            left += max(0, len(tail) - TAIL)
            del tail[: max(0, len(tail) - TAIL)]
        in_time = rest > 0
    if left:
        trees.write(log, f"\n… {left} bytes are left out here …\n".encode())
    trees.write(log, bytes(tail))
    return in_time
