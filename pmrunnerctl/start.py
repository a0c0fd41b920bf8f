"""`start` and `restart`: a daemon in the background, by systemd where that has the unit."""

import os
import re
from pathlib import Path
from typing import Any, Final

import click

from pmrunnerctl import launch
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.leaving import leave, pid_here
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerctl.where import SOCKET, START, Place, checkout
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Overview

READY_WITHIN: Final = 10.0


@verb(
    "start",
    click.option(
        "--state-dir",
        type=click.Path(file_okay=False, readable=False, path_type=Path),
        help="Where it keeps everything (./state of the checkout).",
    ),
    click.option("--port", type=click.IntRange(0, 65535), help="Of its web door; 0 closes it."),
    click.argument("more", nargs=-1, metavar="[-- PMRUNNERD OPTIONS]"),
    summary="Start a daemon in the background.",
    what="Returns once it answers. Where systemd has the unit pm-runner@NAME and no state directory"
    " is given, systemd starts it. One that runs already stays as it is. Runs that an earlier daemon"
    " left at work are found again.",
    example="pmrunnerctl start --state-dir ./state --port 3503",
    then="pmrunnerctl status",
)
def start(
    session: Session, state_dir: Path | None, port: int | None, more: tuple[str, ...]
) -> None:
    if more and not more[0].startswith("-"):
        option = "--state-dir" if "/" in more[0] else "--env"
        raise misused(
            f"cannot start {more[0]}: only options may follow",
            hint=f"pmrunnerctl start {option} {more[0]}",
        )
    unit = launch.unit(session.env) if session.env and state_dir is None else None
    place = session.place if unit else _to_be(session, state_dir)
    overview = _if_there(session, place)
    if overview is not None:
        _say(session, place, overview, "runs already")
        return
    if unit:
        launch.systemctl("start", unit)
    else:
        environment = ["--env", place.environment] if place.environment else []
        options = ["--state-dir", str(place.socket.parent), *_web(port), *more]
        launch.daemon([*environment, *options])
    _say(session, place, _when_ready(session, place), "started")


@verb(
    "restart",
    summary="Stop the daemon and start it again; its runs go on meanwhile.",
    what="With the environment, state directory and options that it had. Agents at work do not"
    " notice. One that systemd runs is restarted by systemd.",
    example="pmrunnerctl restart",
    then="pmrunnerctl status",
)
def restart(session: Session) -> None:
    overview = session.ask(p.Status())
    unit = launch.unit_of(overview.environment, overview.pid)
    if unit:
        launch.systemctl("restart", unit)
    else:
        _must_be_ours(session, overview)
        options = as_it_is(session, overview)
        leave(session, overview, keep_runs=True)
        launch.daemon(options)
    session.client.close()
    _say(session, session.place, _when_ready(session, session.place), "started again")


def as_it_is(session: Session, overview: Overview) -> list[str]:
    """Return the options that make another daemon like this one; the last of two alike counts."""
    port = next((web_port(door.address) for door in overview.doors if door.name == "web"), None)
    options = launch.arguments_of(pid_here(session, overview))
    options += ["--env", overview.environment, "--state-dir", overview.state_directory, *_web(port)]
    if session.place.socket != Path(overview.state_directory) / SOCKET:
        options += ["--socket", str(session.place.socket.absolute())]
    return options


def web_port(address: str) -> int | None:
    """Return the port in an address such as `http://127.0.0.1:3503`."""
    found = re.search(r":(\d+)/?$", address)
    return int(found[1]) if found else None


def _must_be_ours(session: Session, overview: Overview) -> None:
    """Refuse to put a daemon of ours, root's perhaps, in the place of somebody else's."""
    owner = session.client.peer().uid
    if owner != os.geteuid():
        raise Cannot(
            f"cannot restart pmrunnerd (pid {overview.pid}): it runs as user {owner}, and would"
            f" come back as {os.geteuid()}",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"sudo -u '#{owner}' pmrunnerctl --socket {session.place.socket} restart",
        )


def _to_be(session: Session, state_dir: Path | None) -> Place:
    """Return where a daemon that we start will answer."""
    if state_dir is None and session.socket is not None and session.socket.name == SOCKET:
        state_dir = session.socket.parent
    if state_dir is None and (found := checkout(Path.cwd())) is not None:
        state_dir = found / "state"
    if state_dir is None:
        raise misused(
            "cannot start: this is no checkout of pm-runner, and no state directory was given",
            hint=f"{START} --state-dir ./state",
        )
    _must_be_open(state_dir)
    return Place(state_dir.absolute() / SOCKET, session.env, START)


def _must_be_open(state_dir: Path) -> None:
    """Refuse a state directory that nobody could be found in, nor started on."""
    if state_dir.is_dir() and not os.access(state_dir, os.R_OK | os.X_OK, effective_ids=True):
        raise Cannot(
            f"cannot start: you may not look into {state_dir}",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"ls -ld {state_dir}",
        )


def _if_there(session: Session, place: Place) -> Overview | None:
    """Return the overview of a daemon that answers now; None where there is none."""
    try:
        return session.client_of(place, patience=0).call(p.Status())
    except Cannot as exc:
        if exc.exits is Exit.UNREACHABLE and (exc.retryable or not place.socket.exists()):
            return None
        raise


def _when_ready(session: Session, place: Place) -> Overview:
    return session.client_of(place, patience=READY_WITHIN).call(p.Status())


def _web(port: int | None) -> list[str]:
    return [] if port is None else ["--port", str(port)]


def _say(session: Session, place: Place, overview: Overview, what: str) -> None:
    def draw(_: Any) -> None:
        session.out.line(f"pmrunnerd {what}: {overview.environment}, pid {overview.pid}")
        session.out.pairs(
            [
                ("socket", str(place.socket)),
                *((d.name, d.problem or d.address) for d in overview.doors if d.name != "control"),
            ]
        )
        session.out.next("pmrunnerctl status")

    session.show(overview, draw)
