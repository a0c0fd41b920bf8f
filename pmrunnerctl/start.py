"""`start` and `restart`: a daemon in the background, by systemd where that has the unit."""

import os
import shlex
import time
from pathlib import Path
from typing import Any, Final

import click

from pmrunnerctl import (
    dist,
    given,
    held,
    holder,
    lastly,
    launch,
    origins,
    premises,
    readiness,
    recipe,
    walls,
)
from pmrunnerctl.address import quoted
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.leaving import leave, leave_for_another, pid_here
from pmrunnerctl.render import Cell
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import NamedPath, Whole, remember_state, verb
from pmrunnerctl.where import SOCKET, START, Place
from pmrunnerd.model import protocol as p
from pmrunnerd.model.invocation import from_anywhere
from pmrunnerd.model.views import Door, Overview

READY_WITHIN: Final = 10.0
_PAUSE: Final = 0.05


@verb(
    "start",
    click.option(
        "--state-dir",
        type=NamedPath(file_okay=False, readable=False, path_type=Path),
        callback=remember_state,
        help="Where it keeps everything (./state of the checkout).",
    ),
    click.option("--port", metavar="N", type=Whole(0, 65535), help="Of its web door; 0 closes it."),
    click.option(
        "--release",
        metavar="RELEASE",
        default="",
        help="The first that the environment runs; later ones come by a promotion.",
    ),
    click.argument("more", nargs=-1, metavar="[-- PMRUNNERD OPTIONS]"),
    summary="Start a daemon in the background.",
    what="Returns once it answers. Where systemd has the unit pm-runner@NAME and no state directory"
    " is given, systemd starts it. It has the web port of the one before it, unless another is given."
    " One that runs already stays as it is; options that it does not have are refused then. Runs that"
    " an earlier daemon left at work are found again. Without systemd a daemon is the code of this checkout, or, from the"
    " first --release on, the release that promotions have it run.",
    example="pmrunnerctl start --state-dir ./state --port 3503",
    then="pmrunnerctl status",
)
def start(
    session: Session,
    state_dir: Path | None,
    port: int | None,
    release: str,
    more: tuple[str, ...],
) -> None:
    if more and not more[0].startswith("-"):
        option = "--state-dir" if "/" in more[0] else "--env"
        raise misused(
            f"cannot start {more[0]}: only options may follow",
            hint=f"pmrunnerctl start {option} {more[0]}",
        )
    more = tuple(from_anywhere(more, Path.cwd()))
    environment = premises.environment(session, state_dir)
    unit = launch.unit(environment) if environment else None
    asked = [*([] if port is None else ["--port", str(port)]), *more]
    if unit and (release or asked):
        asked = [*(["--release", release] if release else []), *asked]
        raise misused(
            f"cannot start {unit} with {' '.join(asked)}: systemd starts it as its unit says",
            hint=f"systemctl edit {unit}",
        )
    place, state = (session.place, Path()) if unit else premises.found(session, state_dir)
    overview = _if_there(session, place)
    if overview is not None:
        dist.must_be(overview, release)
        _go_on(session, place, overview, port, more)
        return
    before = lastly.options(state)
    if unit:
        launch.systemctl("start", unit)
    elif (there := _begin(session, place, state, asked, release)) is not None:
        _go_on(session, place, there, port, more)
        return
    overview = _when_ready(session, place)
    session.at(place)
    _say(session, place, overview, "started", more)
    if not unit and (lost := lastly.lost(before, lastly.options(state))):
        session.note(f"it no longer has {shlex.join(lost)}, as the one before it had")
        stop = session.addressed("pmrunnerctl stop --keep-runs")
        session.note(f"  hint: {stop}; {session.addressed(lastly.again(START, state, lost))}")


@verb(
    "restart",
    summary="Stop the daemon and start it again; its runs go on meanwhile.",
    what="With the environment, state directory, options and PMRUNNER_ variables that it had. Agents at work do not"
    " notice. One that systemd runs is restarted by systemd; who may not ask that asks the daemon, which"
    " leaves and is started again, but not soon after its last start.",
    example="pmrunnerctl restart",
    then="pmrunnerctl status",
)
def restart(session: Session) -> None:
    overview = session.ask(p.Status())
    unit = held.unit_of(session, overview)
    if unit and os.geteuid() == 0:
        launch.systemctl("restart", unit)
    elif unit:
        leave_for_another(session, overview)
    else:
        held.must_be_ours(session, overview)
        options = recipe.as_it_is(session, overview)
        _must_be_readable(given.last(options, "--config"))
        settings = origins.settings_of(pid_here(session, overview))
        found = dist.running(overview)
        leave(session, overview, keep_runs=True)
        if found:
            found.was_stopped()
        launch.daemon(options, settings, found.program if found else ())
    session.client.close()
    _say(session, session.place, _when_ready(session, session.place), "started again")


def _begin(
    session: Session, place: Place, state: Path, asked: list[str], release: str
) -> Overview | None:
    """Start a daemon of ours; return the overview of one that somebody else started meanwhile."""
    before = lastly.options(state)
    if (last := lastly.port(state)) and not given.last(asked, given.PORT):
        asked = ["--port", last, *asked]
    if (root := given.last(before, dist.ROOT)) and not given.last(asked, dist.ROOT):
        asked = [dist.ROOT, root, *asked]
    if release:
        dist.begin(place.environment, asked, release)
    found = dist.of(place.environment, asked)
    of = ["--env", place.environment] if place.environment else []
    socket = ["--socket", str(place.socket)] if place.socket != state / SOCKET else []
    options = [*of, "--state-dir", str(state), *socket, *asked]
    try:
        launch.daemon(options, program=found.program if found else ())
    except Cannot:
        if (overview := _of_another_start(session, place, state)) is None:
            raise
        return overview
    return None


def _must_be_readable(configuration: str) -> None:
    """Refuse to stop what could not be started again."""
    if configuration and not os.access(configuration, os.R_OK, effective_ids=True):
        raise Cannot(
            f"cannot restart pmrunnerd: its configuration {configuration} cannot be read",
            exits=Exit.REFUSED,
            code="refused",
            hint=f"ls -l {quoted(configuration)}",
        )


def _if_there(session: Session, place: Place) -> Overview | None:
    """Return the overview of a daemon that answers now; None where there is none."""
    try:
        return session.client_of(place, patience=0).call(p.Status())
    except Cannot as exc:
        if exc.exits is Exit.UNREACHABLE and (exc.retryable or not place.socket.exists()):
            return None
        raise


def _of_another_start(session: Session, place: Place, state: Path) -> Overview | None:
    """Return the overview of a daemon that somebody else started at this moment; None for none.

    As long as a process has the state, it may be about to answer; ours that failed has let go.
    """
    until = time.monotonic() + READY_WITHIN
    while holder.is_there(state) and time.monotonic() < until:
        if (overview := _if_there(session, place)) is not None:
            return overview
        time.sleep(_PAUSE)
    return None


def _go_on(
    session: Session, place: Place, overview: Overview, port: int | None, more: tuple[str, ...]
) -> None:
    """Leave a daemon that runs as it is, and refuse options that it does not have."""
    session.at(place)
    if missing := recipe.not_applied(session, overview, port, more):
        again = recipe.again(session, overview, port, more)
        raise Cannot(
            f"cannot start with {' '.join(missing)}: pmrunnerd (pid {overview.pid}) runs already,"
            " without that",
            exits=Exit.REFUSED,
            code="refused",
            hint=f"pmrunnerctl stop --keep-runs; {again}",
        )
    _say(session, place, overview, "runs already", more)


def _when_ready(session: Session, place: Place) -> Overview:
    return session.client_of(place, patience=READY_WITHIN).call(p.Status())


def _say(
    session: Session, place: Place, overview: Overview, what: str, more: tuple[str, ...] = ()
) -> None:
    def draw(_: Any) -> None:
        session.out.line(f"pmrunnerd {what}: {overview.environment}, pid {overview.pid}")
        session.out.pairs(
            [
                ("socket", str(place.socket)),
                *(_door(door) for door in overview.doors if door.name != "control"),
                *([("agents", how)] if (how := walls.shown(overview)).style else []),
            ]
        )
        session.out.next("pmrunnerctl status")

    session.show(overview, draw)
    for door in overview.doors:
        if door.problem:
            _warn(session, overview, door)
    walls.remark(session, overview, more)
    readiness.remark(session, (row.agent for row in overview.projects))


def _door(door: Door) -> tuple[str, str | Cell]:
    return door.name, Cell(f"CLOSED: {door.problem}", "red") if door.problem else door.address


def _warn(session: Session, overview: Overview, door: Door) -> None:
    """Say that a door stayed closed, and how it opens: with another port, the daemon is as before."""
    port = (recipe.web_port(overview) or 0) + 1
    session.note(f"the {door.name} door is closed, everything else works")
    again = recipe.again(session, overview, port)
    session.note(f"  hint: {session.addressed('pmrunnerctl stop --keep-runs')}; {again}")
