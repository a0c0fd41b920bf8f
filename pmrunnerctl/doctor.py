"""`doctor`: whether this machine and this state have what a daemon needs, with or without one."""

from pathlib import Path
from typing import Final

import click

from pmrunnerctl import offline
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerctl.where import SOCKET
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.views import Overview

_STYLES: Final = {"ok": "green", "warning": "yellow", "problem": "red"}


@verb(
    "doctor",
    click.option(
        "--state-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="The state directory (the daemon's, or ./state of the checkout).",
    ),
    summary="Look at what a daemon needs: programs, ports, disk, clock, permissions.",
    what="Needs no daemon, and does not disturb one that runs. Exit status 8 where there is a problem,"
    " 0 where there are at most warnings. Under each that is not ok stands what can be done about it.",
    example="pmrunnerctl doctor",
    then="pmrunnerctl start",
)
def doctor(session: Session, state_dir: Path | None) -> None:
    where = offline.directory(session, state_dir)
    running = _running(session) if state_dir is None else None
    socket = session.place.socket if running else session.socket or where / SOCKET
    options = ["--state-dir", str(where), "--socket", str(socket.absolute())]
    environment = session.env or (running.environment if running else "")
    if environment:
        options += ["--env", environment]
    if running is not None:
        web = next((door.address for door in running.doors if door.name == "web"), "")
        options += ["--port", web.rstrip("/").rpartition(":")[2] if web else "0"]
    found = offline.ask("doctor", Checkup, *options)
    session.show(found, lambda _: draw(session.out, found))
    if any(check.state == "problem" for check in found.checks):
        session.end(Exit.ENDED_BADLY)


def _running(session: Session) -> Overview | None:
    """Return what a daemon says of itself; None where none can be asked: that is looked into."""
    try:
        return session.client_of(session.place, patience=0).call(p.Status())
    except Cannot:
        return None


def draw(screen: Screen, found: Checkup) -> None:
    """Write the checks, one a line, and below the hints of those that are not ok."""
    screen.line(f"state {found.state_directory}", "bold")
    screen.table(
        ("CHECK", "STATE", "FOUND"),
        [(row.name, Cell(row.state, _STYLES[row.state]), row.found) for row in found.checks],
        whole=True,
    )
    for row in found.checks:
        if row.hint:
            screen.line(f"{row.name}: {row.hint}")
