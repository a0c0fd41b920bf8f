"""The hold on a workspace: a lock on its directory, which the kernel lets go when its holder dies.

By the directory that is held it is known whether the path still leads there, and it can be opened
up again where a run took all rights on it away.
"""

import contextlib
import fcntl
import os
import shlex
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.cell import NoWorkspace
from pmrunnerd.services.git import GitFailed

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Opens what we may not read; enough to change its mode.
_NAME: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RIGHTS: Final = 0o700


class Held(Refused):
    """The workspace is a person's for now. Nothing in it was touched."""


class Elsewhere(GitFailed):
    """The path of a workspace leads to something else than what the run took."""


def hold(workspace: Path, since: float | None = None) -> int:
    """Return the lock on a workspace, which is let go when it is closed. Raises Held.

    Whoever knows `since` when (POSIX) a run was there has it opened up, if that run closed it.
    """
    if since is not None:
        _open_up(workspace, since)
    try:
        lock = _open(workspace)
    except OSError as exc:
        raise Held(_cannot(workspace, exc)) from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Held(_taken(workspace)) from None
    return lock


def look(workspace: Path) -> str:
    """Tell why no run could take a workspace now, if somebody has it or it is shut."""
    try:
        lock = _open(workspace)
    except OSError as exc:
        return _cannot(workspace, exc)
    try:
        # Shared, and let go at once: a look must not be taken for a run.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _taken(workspace)
    finally:
        os.close(lock)
    return ""


def reopen(workspace: Path, lock: int, since: float) -> None:
    """See to it that what is held can be worked in: it is still there, and open.

    What was shut before `since` (POSIX) is a person's to open. Raises Elsewhere.
    """
    here = os.fstat(lock)
    try:
        found = workspace.lstat()
    except OSError:
        raise Elsewhere(str(NoWorkspace(workspace))) from None
    if stat.S_ISLNK(found.st_mode):
        raise Elsewhere(f"cannot work in {workspace}: it is a link now: {workspace.readlink()}")
    if (found.st_dev, found.st_ino) != (here.st_dev, here.st_ino):
        raise Elsewhere(f"cannot work in {workspace}: another directory is there now")
    _open_up(workspace, since)
    _open_up(held(lock) / ".git", since)


def held(lock: int) -> Path:
    """Return a path that leads to what is held, wherever it was moved."""
    return Path(f"/proc/self/fd/{lock}")


def _open_up(directory: Path, since: float) -> None:
    with contextlib.suppress(OSError):  # whoever works there says what is wrong
        file = os.open(directory, _NAME)
        try:
            found = os.fstat(file)
            if found.st_mode & _RIGHTS != _RIGHTS and found.st_ctime >= since:
                Path(f"/proc/self/fd/{file}").chmod(stat.S_IMODE(found.st_mode) | _RIGHTS)
        finally:
            os.close(file)


def _open(workspace: Path) -> int:
    return os.open(workspace, _DIRECTORY)


def _cannot(workspace: Path, exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return str(NoWorkspace(workspace))
    if isinstance(exc, PermissionError):
        return f"cannot open {workspace}: nobody may; chmod u+rwx {shlex.quote(str(workspace))}"
    return f"cannot open {workspace}: {exc.strerror}"


def _taken(workspace: Path) -> str:
    return f"cannot work in {workspace}: another run has it"
