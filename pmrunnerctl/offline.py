"""Asks a state directory itself, where a daemon cannot be asked or does not run."""

from pathlib import Path
from typing import Final, TypeVar

import msgspec

from pmrunnerctl import launch
from pmrunnerctl.exits import BY_CODE, Cannot, Exit, misused
from pmrunnerctl.session import Session
from pmrunnerctl.where import RUN, checkout
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code

R = TypeVar("R")

INSTALLED: Final = Path("/var/lib/pm-runner/state")


class _Said(msgspec.Struct):
    code: Code
    message: str
    hint: str


def directory(session: Session, given: Path | None) -> Path:
    """Return the state directory that is meant: the one given, the daemon's, the place's."""
    if given is not None:
        return given.absolute()
    if session.socket is None and not session.env and (found := checkout(Path.cwd())):
        return found / "state"
    place = session.place
    try:
        return Path(session.client_of(place, patience=0).call(p.Status()).state_directory)
    except Cannot as exc:
        if exc.exits is not Exit.UNREACHABLE:
            raise
    if place.socket.parent.parent == RUN:
        return INSTALLED / place.socket.parent.name
    if place.socket.parent.is_dir():
        return place.socket.parent
    raise misused("cannot tell which state is meant", hint="name it: --state-dir PATH")


def ask(verb: str, reply: type[R], *options: str) -> R:
    """Return what a verb replies. Raises Cannot with the code that it ended with."""
    out, err = launch.offline(verb, *options)
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
    raise Cannot(said.message, exits=BY_CODE[said.code], code=said.code, hint=said.hint)
