"""Asks a state directory itself, where a daemon cannot be asked or does not run."""

import os
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec

from pmrunnerctl import launch
from pmrunnerctl.exits import BY_CODE, Cannot, Exit, Stranger, misused
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import NamedPath, remember_state
from pmrunnerctl.where import RUN, Place, checkout
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code

R = TypeVar("R")

state_directory: Final = click.option(
    "--state-dir",
    type=NamedPath(file_okay=False, readable=False, path_type=Path),
    callback=remember_state,
    help="The state directory (the daemon's, or ./state of the checkout).",
)
INSTALLED: Final = Path("/var/lib/pm-runner/state")


class _Said(msgspec.Struct):
    code: Code
    message: str
    hint: str
    damaged: bool = False


class Damaged(Cannot):
    """What was to be used is not whole."""


def directory(session: Session, given: Path | None) -> Path:
    """Return the state directory that is meant: the one given, the daemon's, the place's."""
    if given is not None:
        return given.absolute()
    if not _is_named(session) and (found := checkout(Path.cwd())):
        return found / "state"
    place = session.place
    try:
        return Path(session.client_of(place, patience=0).call(p.Status()).state_directory)
    except Cannot as exc:
        if exc.exits is not Exit.UNREACHABLE or isinstance(exc, Stranger):
            raise
    if place.socket.parent.parent == RUN:
        return INSTALLED / place.socket.parent.name
    if place.socket.parent.is_dir():
        return place.socket.parent
    raise misused("cannot tell which state is meant", hint="name it: --state-dir PATH")


def daemon(session: Session, given: Path | None) -> Place | None:
    """Return where the daemon of a state is; None where a directory is named or nobody answers."""
    if given is not None:
        return None
    try:
        place = session.place
        session.client_of(place, patience=0).hello()
    except Cannot as exc:
        if exc.exits is not Exit.UNREACHABLE or isinstance(exc, Stranger):
            raise
        return None
    return place


def _is_named(session: Session) -> bool:
    """Tell whether somebody said which daemon is meant: the checkout is only a guess."""
    variables = ("PMRUNNER_SOCKET", "PMRUNNER_ENV")
    return bool(session.socket or session.env or any(map(os.environ.get, variables)))


def ask(
    verb: str,
    reply: type[R],
    *options: str,
    streams: bool = False,
    program: str = "pmrunnerd.offline",
) -> R:
    """Return what a verb replies. Raises Cannot with the code that it ended with."""
    out, err = launch.offline(verb, *options, streams=streams, program=program)
    if out:
        return msgspec.json.decode(out, type=reply)
    try:
        said = msgspec.json.decode(err, type=_Said)
    except msgspec.DecodeError:
        raise Cannot(
            f"cannot {verb}: this is a bug in pmrunnerd: {err.decode(errors='replace')[-200:]}",
            exits=Exit.BUG,
            code="bug",
        ) from None
    kind = Damaged if said.damaged else Cannot
    raise kind(said.message, exits=BY_CODE[said.code], code=said.code, hint=said.hint)
