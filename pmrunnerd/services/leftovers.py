"""Processes of a run that nothing else accounts for: found by what they inherited, and ended.

In a sandbox the pid namespace ends them, and this is for what is left of a run host that was
killed while its sandbox was being made. Without a sandbox it is all there is.
"""

import asyncio
import contextlib
import logging
import os
import re
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pmrunnerd.services import procfs

log = logging.getLogger(__name__)

VARIABLE: Final = "PM_RUNNER_RUN"
_ERRAND: Final = re.compile(r"[a-z]+-(?P<pid>[0-9]+)-[0-9a-f]{8}")
_PR_SET_CHILD_SUBREAPER: Final = 36
_PATIENCE: Final = 10.0


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, instead of process 1."""
    import ctypes  # noqa: PLC0415 - 2 ms of every start, for run hosts alone

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt orphans")


def of(run: str) -> set[int]:
    """Return the processes that carry a run's name, in their environment or as its sandbox."""
    return {pid for pid in procfs.pids() if _belongs(pid, run)} - {os.getpid()}


def descendants() -> set[int]:
    """Return the processes below this one that are not dead, however deep."""
    return procfs.below(os.getpid())


async def end(run: str, *, below: bool) -> None:
    """Kill a run's processes, and those `below` this one, until there are none.

    Raises TimeoutError if some do not die, as in an uninterruptible wait for a disk.
    """
    deadline = time.monotonic() + _PATIENCE
    found: set[int] = set()
    # In a thread: where there are thousands, a look takes as long as others may wait for the loop.
    while pids := await asyncio.to_thread(_left, run, below=below):
        found |= pids
        for pid in pids:
            _kill(pid, run, below=below)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(pids)} of run {run} do not die")
        await asyncio.sleep(0.005)
    if below:
        _bury(found)


def errand(what: str) -> str:
    """Return a name for what a daemon starts in a workspace, by which it is found if that dies."""
    return f"{what}-{os.getpid()}-{secrets.token_hex(4)}"


def abandoned() -> set[str]:
    """Return the names of errands whose daemon is gone, and of which something is still there."""
    found = {name for pid in procfs.pids() for name in _names(pid)}
    return {name for name in found if _is_abandoned(name)}


async def clear_abandoned() -> None:
    """End what is left of daemons that were killed in the middle of an errand."""
    for name in await asyncio.to_thread(abandoned):
        try:
            await end(name, below=False)
        except TimeoutError as exc:
            log.warning("%s", exc)


def _is_abandoned(name: str) -> bool:
    known = _ERRAND.fullmatch(name)
    return known is not None and not Path(f"/proc/{known['pid']}").exists()


def _left(run: str, *, below: bool) -> set[int]:
    return of(run) | (descendants() if below else set())


def _kill(pid: int, run: str, *, below: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        file = os.pidfd_open(pid)
        try:
            # Asked again, because only now can the number not pass to somebody else.
            if _belongs(pid, run) or (below and pid in descendants()):
                signal.pidfd_send_signal(file, signal.SIGKILL)
        finally:
            os.close(file)


def _bury(found: set[int]) -> None:
    """Wait for those of the dead that we adopted; nobody else will. Anybody else's are not ours."""
    for pid in found:
        known = procfs.stat(pid)
        if known is not None and (known.parent, known.state) == (os.getpid(), "Z"):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _belongs(pid: int, run: str) -> bool:
    return run in _names(pid)


def _names(pid: int) -> Iterator[str]:
    """Yield the names of runs that a process carries."""
    start = f"{VARIABLE}=".encode()
    for word in _words(pid, "environ"):
        if word.startswith(start):
            yield os.fsdecode(word.removeprefix(start))
    # The first process of a sandbox hides its environment, but it was told the run's name.
    words = _words(pid, "cmdline")
    for set_, variable, value in zip(words, words[1:], words[2:], strict=False):
        if (set_, variable) == (b"--setenv", VARIABLE.encode()):
            yield os.fsdecode(value)


def _words(pid: int, file: str) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0")
    except OSError:  # it is gone, or it is not ours to read and so was not ours to start
        return []
