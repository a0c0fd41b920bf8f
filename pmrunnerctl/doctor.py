"""`doctor`: whether this machine and this state have what a daemon needs, and a daemon that is there."""

from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from pmrunnerctl import condition, lastly, offline
from pmrunnerctl.exits import Cannot, Exit, Silent, Stranger
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerctl.where import SOCKET, START, Place
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import UNCONFINED, Overview

_CLAUDE: Final = "claude"
# Agents that can be asked for, and how the names of what is looked at for each begin.
_AGENTS: Final = (_CLAUDE, "acp")
_STYLES: Final = {"ok": "green", "warning": "yellow", "problem": "red"}


class Both(Checkup, frozen=True, kw_only=True):
    """What who asks finds, and what the daemon that answers finds of itself; None where none does."""

    daemon: Checkup | None = None


@verb(
    "doctor",
    offline.state_directory,
    click.option(
        "--agent",
        type=click.Choice(_AGENTS),
        help="Look at this agent alone of all; claude makes a request, too, which costs next to nothing.",
    ),
    what="Looks at programs and ports, too. Needs no daemon, and does not disturb one that runs; one that"
    " answers tells what it finds itself, because its limits and its sandbox may be others than"
    " yours. Exit status 8 where there is a problem,"
    " 0 where there are at most warnings. Under each that is not ok stands what can be done about it.",
    example="pmrunnerctl doctor",
    then="pmrunnerctl start",
)
def doctor(session: Session, state_dir: Path | None, agent: str | None) -> None:
    where = offline.directory(session, state_dir)
    place = _place(session, state_dir)
    running, silent = _running(session, place) if place is not None else (None, None)
    environment = condition.installed(place)
    there = place is not None and (running is not None or environment)
    socket = place.socket if place and there else session.socket or where / SOCKET
    options = ["--state-dir", str(where), "--socket", str(socket.absolute())]
    if name := session.env or (running.environment if running else environment):
        options += ["--env", name]
    if running is not None:
        options += _told(running)
    else:
        port = lastly.port(where)
        options += [f"--try-{agent}"] if agent is not None else []
        options += ["--port", port] if port.isdecimal() else []
    ours = offline.ask("doctor", Checkup, *options)
    if environment:
        seen = (condition.of_systemd(check, environment, running) for check in ours.checks)
        ours = replace(ours, checks=(*condition.checks(environment), *seen))
    ours = replace(ours, checks=tuple(_as_before(check, where) for check in ours.checks))
    if silent is not None:
        ours = replace(ours, checks=tuple(_heard(check, silent) for check in ours.checks))
    theirs = _within(session, place, running) if place and running else None
    if agent is not None:
        tried = None
        if theirs is not None and place is not None:
            client = session.client_of(place, answer_within=None)
            tried = client.call(p.AgentTry(agent=agent))
        ours, theirs = _of_one(agent, ours, theirs, tried)
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


def _told(running: Overview) -> list[str]:
    """Return what is looked at with other eyes because a daemon runs."""
    web = next((door.address for door in running.doors if door.name == "web"), "")
    port = web.rstrip("/").rpartition(":")[2] if web else "0"
    uses = ["--uses-claude"] if any(row.agent == _CLAUDE for row in running.projects) else []
    accepted = ["--unconfined"] if running.confinement == UNCONFINED else []
    return ["--daemon", str(running.pid), "--port", port, *uses, *accepted]


def _of_one(
    agent: str, ours: Checkup, theirs: Checkup | None, tried: Checkup | None
) -> tuple[Checkup, Checkup | None]:
    """Return the checks of the machine and of one agent; what the daemon tried stands there alone."""
    others = {other for other in _AGENTS if other != agent}
    done = tried.checks if tried is not None else ()
    known = {check.name for check in done}

    def kept(found: Checkup) -> tuple[Check, ...]:
        return tuple(
            check
            for check in found.checks
            if check.name not in known and check.name.partition(" ")[0] not in others
        )

    ours = replace(ours, checks=kept(ours))
    if theirs is not None:
        theirs = replace(theirs, checks=(*kept(theirs), *done))
    return ours, theirs


def _place(session: Session, state_dir: Path | None) -> Place | None:
    """Return where the daemon of a state would answer; None where nobody can tell."""
    if state_dir is not None and session.socket is None:
        return Place(state_dir.absolute() / SOCKET, session.env, f"{START} --state-dir {state_dir}")
    try:
        return session.place
    except Cannot:
        return None


def _running(session: Session, place: Place) -> tuple[Overview | None, Silent | None]:
    """Return what a daemon says of itself, or that it says nothing; that none is is looked into."""
    try:
        return session.client_of(place, patience=0).call(p.Status()), None
    except Silent as exc:
        return None, exc
    except Stranger:
        raise
    except Cannot:
        return None, None


def _as_before(check: Check, state: Path) -> Check:
    return replace(check, hint=lastly.again(START, state)) if check.hint == START else check


def _heard(check: Check, silent: Silent) -> Check:
    """Correct what the kernel says: that somebody listens, and not that he answers."""
    if check.name != "control socket":
        return check
    return replace(check, state="problem", found=str(silent), hint=silent.hint)


def _within(session: Session, place: Place, running: Overview) -> Checkup:
    """Return what a daemon finds of itself; that it cannot tell is a warning among its checks."""
    try:
        return session.client_of(place, patience=0).call(p.Doctor())
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
        [
            (row.name, Cell(row.state, _STYLES[row.state]), screen.timed(row.found))
            for row in found.checks
        ],
        whole=True,
    )
    for row in found.checks:
        for line in screen.addressed(row.hint).splitlines():
            screen.line(f"{row.name}: {line}")
