"""Which unit a daemon is that answers: by root's word and the kernel's, and never by its own.

That of dev is code which nobody approved. One that named another's unit as its own, or said that it
is of none, would have root stop that one, or start a daemon with options of its choice.
"""

import os
from typing import Final

from pmrunnerctl import launch
from pmrunnerctl.address import user
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerctl.where import RUN
from pmrunnerd.model.views import Overview

_INIT: Final = 1


def unit_of(session: Session, overview: Overview) -> str | None:
    """Return the unit of the daemon that answers; None where it holds its socket itself."""
    peer, socket = session.client.peer(), session.place.socket
    if peer.pid == _INIT:
        # A service manager listens there, and only root makes what is in this directory.
        return launch.unit(socket.parent.name) if socket.parent.parent == RUN else None
    if peer.pid != overview.pid:
        return None
    return launch.unit_of(overview.environment, overview.pid)


def must_be_ours(session: Session, overview: Overview) -> None:
    """Refuse to put a daemon of ours, root's perhaps, in the place of somebody else's."""
    peer, own = session.client.peer(), os.geteuid()
    if own == 0 and peer.pid != overview.pid:
        raise Cannot(
            f"cannot restart pmrunnerd (pid {overview.pid}): its socket is held by another process,"
            f" pid {peer.pid}, and so it may be anybody's",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"ps -fp {overview.pid},{peer.pid}",
        )
    if peer.uid != own:
        raise Cannot(
            f"cannot restart pmrunnerd (pid {overview.pid}): it runs as user {peer.uid}, and would"
            f" come back as {own}",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"sudo -u {user(peer.uid)} pmrunnerctl --socket {session.place.socket} restart",
        )
