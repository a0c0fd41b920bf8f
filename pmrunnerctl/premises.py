"""Where a daemon that is to be started will answer, and where it will keep its state."""

import os
from pathlib import Path

from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.session import Session
from pmrunnerctl.where import SOCKET, START, Place, checkout, named


def environment(session: Session, state_dir: Path | None) -> str:
    """Return which environment is meant, by name: as `where.find` takes it; empty for none."""
    if state_dir is not None or session.env:
        return session.env if state_dir is None else ""
    elsewhere = session.socket is not None or named(os.environ) is not None
    return "" if elsewhere else os.environ.get("PMRUNNER_ENV", "")


def found(session: Session, state_dir: Path | None) -> tuple[Place, Path]:
    """Return where a daemon that we start will answer, and its state directory."""
    here = Path.cwd()
    socket = session.socket
    if socket is None and state_dir is None and not session.env:
        socket = named(os.environ)
    if state_dir is None and socket is not None and socket.name == SOCKET:
        state_dir = socket.parent
    if state_dir is None and (directory := checkout(here)) is not None:
        state_dir = directory / "state"
    if state_dir is None:
        raise misused(
            "cannot start: this is no checkout of pm-runner, and no state directory was given",
            hint=f"{START} --state-dir ./state",
        )
    _must_be_open(state_dir)
    state = state_dir.absolute()
    return Place(here / socket if socket else state / SOCKET, session.env, START), state


def _must_be_open(state_dir: Path) -> None:
    """Refuse a state directory that nobody could be found in, nor started on."""
    if state_dir.is_dir() and not os.access(state_dir, os.R_OK | os.X_OK, effective_ids=True):
        raise Cannot(
            f"cannot start: you may not look into {state_dir}",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"ls -ld {state_dir}",
        )
