"""The options that a daemon was started with: for another like it, and for who asks for others."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerctl import given, lastly, origins
from pmrunnerctl.address import quoted
from pmrunnerctl.leaving import pid_here
from pmrunnerctl.session import Session
from pmrunnerctl.where import SOCKET
from pmrunnerd.model.settings import PORTS, Settings
from pmrunnerd.model.views import Overview

_USUAL: Final = "dev"


def as_it_is(session: Session, overview: Overview) -> list[str]:
    """Return the options that make another daemon like this one; the last of two alike counts."""
    options = _words(session, overview)
    options += ["--env", overview.environment, "--state-dir", overview.state_directory]
    if (port := web_port(overview)) is not None:
        options += ["--port", str(port)]
    if session.place.socket != Path(overview.state_directory) / SOCKET:
        options += ["--socket", str(session.place.socket.absolute())]
    return options


def again(
    session: Session, overview: Overview, port: int | None = None, more: Sequence[str] = ()
) -> str:
    """Return the command that starts a daemon like this one, as short as it can be.

    `port` and `more` are options that it is to have instead of, and besides, its own.
    """
    state = Path(overview.state_directory)
    socket = session.place.socket.absolute()
    odd = f" --socket {quoted(socket)}" if socket != state / SOCKET else ""
    words = [f"pmrunnerctl{odd} start"]
    if overview.environment != _USUAL:
        words.append(f"--env {overview.environment}")
    if odd or not session.is_found_anyway(state / SOCKET):
        words.append(f"--state-dir {quoted(state)}")
    if port is None:
        port = web_port(overview) or 0
    if port != _usual_port(overview.environment):
        words.append(f"--port {port}")
    own = given.without(_words(session, overview), [given.PORT])
    if others := given.changed(own, more):
        words.append(f"-- {' '.join(quoted(word) for word in others)}")
    return " ".join(words)


def not_applied(
    session: Session, overview: Overview, port: int | None, more: Sequence[str]
) -> list[str]:
    """Return which of some options a daemon that runs does not have."""
    missing = []
    if port is not None and port != (web_port(overview) or 0):
        missing.append(f"--port {port}")
    has = as_it_is(session, overview)
    has += ["--port", str(web_port(overview) or 0)]
    has += ["--socket", str(session.place.socket.absolute())]
    return missing + given.differing(more, has)


def web_port(overview: Overview) -> int | None:
    """Return the port of a daemon's web door, open or not; None where it has none."""
    address = next((door.address for door in overview.doors if door.name == "web"), "")
    found = re.search(r":(\d+)/?$", address)
    return int(found[1]) if found else None


def _words(session: Session, overview: Overview) -> list[str]:
    """Return the options that a daemon was given, besides its place.

    It noted them itself, with paths that are found from anywhere; as the kernel knows them, a path
    may begin where the daemon was started.
    """
    noted = lastly.options(Path(overview.state_directory))
    kept = noted or origins.arguments_of(pid_here(session, overview))
    return given.without(kept, lastly.PLACE)


def _usual_port(environment: str) -> int:
    return PORTS.get(environment, Settings().web_port)
