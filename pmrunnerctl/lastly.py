"""How the last daemon of a state was started: a hint to start another has its options again."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerctl import given
from pmrunnerctl.address import quoted
from pmrunnerctl.where import SOCKET, Place
from pmrunnerd.model import invocation

# Options that say which daemon is meant, which a hint says in its own way.
PLACE: Final = ("--env", "--state-dir", "--socket")
_PORT: Final = (given.PORT,)


def options(state: Path) -> tuple[str, ...]:
    """Return the options besides its place; none where nobody wrote them down whom we may believe."""
    try:
        descriptor = os.open(state / invocation.FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid not in {0, os.geteuid()}:
                return ()
            words = invocation.decode(file.read(1 << 17))
    except OSError:
        return ()
    return tuple(given.without(words, PLACE))


def port(state: Path) -> str:
    """Return the port of the web door that the last one was asked for; empty where it was not."""
    return given.last(options(state), given.PORT)


def again(start: str, state: Path, more: Sequence[str] = ()) -> str:
    """Return a command that starts a daemon, with the options of the last one, and more."""
    others = given.changed(given.without(options(state), _PORT), more)
    shown = f" --port {quoted(last)}" if (last := port(state)) else ""
    return f"{start}{shown}" + (f" -- {' '.join(map(quoted, others))}" if others else "")


def once_more(hint: str, place: Place | None) -> str:
    """Return a hint that begins with how to start the daemon of a place, with the options of the last one."""
    start, line, rest = hint.partition("\n")
    known = place is not None and place.socket.name == SOCKET and "--state-dir" not in start
    return f"{again(start, place.socket.parent)}{line}{rest}" if place and known else hint


def lost(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the options of a daemon before that the one now was not given, with any value."""
    return given.absent(given.without(before, _PORT), now)
