"""The options that a daemon was started with: for another like it, and for who asks for others."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerctl import launch
from pmrunnerctl.address import quoted
from pmrunnerctl.leaving import pid_here
from pmrunnerctl.session import Session
from pmrunnerctl.where import SOCKET
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.views import Overview

_USUAL: Final = "dev"
# Options that say what a daemon tells of itself, too; each has a value.
_TOLD: Final = ("--env", "--state-dir", "--socket", "--port", "--web-port")


def as_it_is(session: Session, overview: Overview) -> list[str]:
    """Return the options that make another daemon like this one; the last of two alike counts."""
    options = launch.arguments_of(pid_here(session, overview))
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
    if others := [*_others(launch.arguments_of(pid_here(session, overview))), *more]:
        words.append(f"-- {' '.join(quoted(word) for word in others)}")
    return " ".join(words)


def not_applied(
    session: Session, overview: Overview, port: int | None, more: Sequence[str]
) -> list[str]:
    """Return which of some options a daemon that runs does not have."""
    missing = []
    if port is not None and port != (web_port(overview) or 0):
        missing.append(f"--port {port}")
    has = launch.arguments_of(pid_here(session, overview))
    wanted = list(more)
    if wanted and wanted not in [has[n : n + len(wanted)] for n in range(len(has))]:
        missing += wanted
    return missing


def web_port(overview: Overview) -> int | None:
    """Return the port of a daemon's web door, open or not; None where it has none."""
    address = next((door.address for door in overview.doors if door.name == "web"), "")
    found = re.search(r":(\d+)/?$", address)
    return int(found[1]) if found else None


def _usual_port(environment: str) -> int:
    return {"prod": 3502}.get(environment, Settings().web_port)


def _others(options: Sequence[str]) -> list[str]:
    """Return the options that a daemon does not tell of itself."""
    kept, skip = [], False
    for word in options:
        if skip:
            skip = False
        elif word in _TOLD:
            skip = True
        elif not word.startswith(tuple(f"{option}=" for option in _TOLD)):
            kept.append(word)
    return kept
