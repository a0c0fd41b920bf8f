"""How the last daemon of a state was started: a hint to start another has its options again."""

import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from pmrunnerctl.address import quoted
from pmrunnerctl.where import SOCKET, Place
from pmrunnerd.model import invocation

# Options that say which daemon is meant, which a hint says in its own way; each has a value.
_PLACE = ("--env", "--state-dir", "--socket")
_PORT = ("--port", "--web-port")


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
    return tuple(_without(words, _PLACE))


def again(start: str, state: Path) -> str:
    """Return a command that starts a daemon, with the options of the last one."""
    words = options(state)
    more = tuple(_without(words, _PORT))
    port = next(reversed(_values(words, _PORT)), "")
    shown = f" --port {quoted(port)}" if port else ""
    return f"{start}{shown}" + (f" -- {' '.join(map(quoted, more))}" if more else "")


def once_more(hint: str, place: Place | None) -> str:
    """Return a hint that begins with how to start the daemon of a place, with the options of the last one."""
    start, line, rest = hint.partition("\n")
    known = place is not None and place.socket.name == SOCKET and "--state-dir" not in start
    return f"{again(start, place.socket.parent)}{line}{rest}" if place and known else hint


def lost(before: Sequence[str], now: Sequence[str]) -> str:
    """Return which options of a daemon before are no options of the one now, as they are typed."""
    return " ".join(quoted(word) for word in _without(before, _PORT) if word not in now)


def _without(words: Iterable[str], names: tuple[str, ...]) -> Iterable[str]:
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in names:
            skip = True
        elif not word.startswith(tuple(f"{name}=" for name in names)):
            yield word


def _values(words: Sequence[str], names: tuple[str, ...]) -> list[str]:
    """Return the values of an option in the order in which they were given."""
    joined = tuple(f"{name}=" for name in names)
    found = [after for word, after in pairwise(words) if word in names]
    return found + [word.partition("=")[2] for word in words if word.startswith(joined)]
