"""Asks a daemon to leave, and waits until it is gone: its process where that can be seen."""

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pmrunnerctl.dial import dial
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Overview

GONE_WITHIN: Final = 90.0
PAUSE: Final = 0.02


def pid_here(session: Session, overview: Overview) -> int:
    """Return the daemon's process as we can name it; 0 where we cannot.

    In another pid namespace, or behind a socket that systemd listens on, the kernel names another
    process than the daemon does; that number is not to be relied on.
    """
    return overview.pid if session.client.peer().pid == overview.pid else 0


def leave(session: Session, overview: Overview, *, keep_runs: bool) -> None:
    """Have a daemon stop; return when it is gone."""
    with _held(pid_here(session, overview)) as process:
        session.ask(p.Stop(keep_runs=keep_runs))
        session.client.close()
        if not gone(session.place.socket, process, within=GONE_WITHIN):
            raise Cannot(
                f"cannot see pmrunnerd leave: pid {overview.pid} is still there"
                f" after {GONE_WITHIN:.0f} s",
                exits=Exit.ENDED_BADLY,
                code="ended-badly",
                hint=f"ps -fp {overview.pid}",
            )


def leave_for_another(session: Session, overview: Overview) -> None:
    """Have a daemon of the service manager leave for its successor, who answers by the same socket."""
    with _held(overview.pid) as process:
        session.ask(p.Restart())
        session.client.close()
        if process is not None:
            gone(session.place.socket, process, within=GONE_WITHIN)


def gone(path: Path, process: int | None, *, within: float) -> bool:
    """Wait for the end of a process (a pidfd), or else until nobody answers at a socket."""
    if process is not None:
        return bool(select.select([process], [], [], within)[0])
    until = time.monotonic() + within
    while _answers(path):
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE)
    return True


@contextmanager
def _held(pid: int) -> Iterator[int | None]:
    """Hold on to a process before it is asked to go: its number may be another's soon after."""
    try:
        process = os.pidfd_open(pid) if pid else None
    except OSError:
        process = None
    try:
        yield process
    finally:
        if process is not None:
            os.close(process)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            dial(caller, path)
        except OSError:
            return False
        return True
