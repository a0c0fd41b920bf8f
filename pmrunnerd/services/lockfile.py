"""The lock of a run: taken before its host exists, handed to it, and held until it is dead.

It is a `flock`, so it belongs to the open file and not to a process: the descriptor that the daemon
hands over is the lock. Inside stands the pid of the run host, for whoever wants to stop it.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
# O_NONBLOCK: whoever shares the directory could have put a pipe there.
_LOOK: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PRIVATE: Final = 0o600
_LONG: Final = 32


def take(path: Path) -> int | None:
    """Take the lock and return its descriptor; None if somebody has it."""
    file = os.open(path, _FLAGS | os.O_CREAT, _PRIVATE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    os.ftruncate(file, 0)
    return file


def adopt(file: int) -> None:
    """Take over a descriptor that came with our start; nothing that we start shall hold it.

    Raises BlockingIOError if it is not the lock.
    """
    os.set_inheritable(file, False)  # noqa: FBT003 - takes no keyword
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sign(file: int) -> None:
    """Write down whose lock it is now."""
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)


def is_held(path: Path) -> bool:
    """Tell whether somebody has the lock; who may only read the file can tell, too."""
    try:
        file = os.open(path, _LOOK)
    except FileNotFoundError:
        return False
    try:
        # Shared: two who look at the same time do not take each other for its holder.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def holder(path: Path) -> int | None:
    """Return a pidfd of the process that has the lock; None if nobody has, or has signed yet."""
    pid = _signature(path)
    if pid is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        file = os.pidfd_open(pid)
        # The one who signed is the only one who ever holds it. It does so now, thus it lived when
        # the number was turned into a descriptor, and the number was its own.
        if is_held(path):
            return file
        os.close(file)
    return None


def _signature(path: Path) -> int | None:
    try:
        file = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    try:
        written = os.pread(file, _LONG, 0)
    finally:
        os.close(file)
    return int(written) if written.endswith(b"\n") and written.strip().isdigit() else None
