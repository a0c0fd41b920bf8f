"""`doctor`: whether this machine and this state have what a daemon needs, and a daemon that is there."""

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
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import Overview

_STYLES: Final = {"ok": "green", "warning": "yellow", "problem": "red"}


class Both(Checkup, frozen=True, kw_only=True):
    """What who asks finds, and what the daemon that answers finds of itself; None where none does."""

    daemon: Checkup | None = None


@verb(
    "doctor",
    click.option(
        "--state-dir",
        type=click.Path(file_okay=False, readable=False, path_type=Path),
        help="The state directory (the daemon's, or ./state of the checkout).",
    ),
    what="Looks at programs and ports, too. Needs no daemon, and does not disturb one that runs; one that"
    " answers tells what it finds itself, because its limits and its sandbox may be others than"
    " yours. Exit status 8 where there is a problem,"
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
        options += ["--daemon", str(running.pid)]
        web = next((door.address for door in running.doors if door.name == "web"), "")
        options += ["--port", web.rstrip("/").rpartition(":")[2] if web else "0"]
    ours = offline.ask("doctor", Checkup, *options)
    theirs = _within(session, running) if running is not None else None
    found = Both(state_directory=ours.state_directory, checks=ours.checks, daemon=theirs)

    def show(_: Both) -> None:
        draw(session.out, f"state {ours.state_directory}", ours)
        if running is not None and theirs is not None:
            session.out.line()
            name = f"pmrunnerd {running.environment}, pid {running.pid}, of itself"
            draw(session.out, name, theirs)

    session.show(found, show)
    checks = (*ours.checks, *(theirs.checks if theirs is not None else ()))
    if any(check.state == "problem" for check in checks):
        session.end(Exit.ENDED_BADLY)


def _running(session: Session) -> Overview | None:
    """Return what a daemon says of itself; None where none can be asked: that is looked into."""
    try:
        return session.client_of(session.place, patience=0).call(p.Status())
    except Cannot:
        return None


def _within(session: Session, running: Overview) -> Checkup:
    """Return what a daemon finds of itself; that it cannot tell is a warning among its checks."""
    try:
        return session.client_of(session.place, patience=0).call(p.Doctor())
    except Cannot as exc:
        # There is nothing in this request that a daemon could refuse but the request itself.
        older = exc.code == Code.BAD_REQUEST
        said = f"release {running.release} is older than this question" if older else str(exc)
        hint = "pmrunnerctl restart" if older else exc.hint
        check = Check(name="daemon", state="warning", found=said, hint=hint)
        return Checkup(state_directory=running.state_directory, checks=(check,))


def draw(screen: Screen, title: str, found: Checkup) -> None:
    """Write the checks, one a line, and below the hints of those that are not ok."""
    screen.line(title, "bold")
    screen.table(
        ("CHECK", "STATE", "FOUND"),
        [(row.name, Cell(row.state, _STYLES[row.state]), row.found) for row in found.checks],
        whole=True,
    )
    for row in found.checks:
        if row.hint:
            screen.line(f"{row.name}: {row.hint}")
