"""`python -m pmrunnerd.notify WHERE`: take one order, carry it out, say what came of it.

WHERE is the path of a socket that the daemon listens on, or the number of one that it gave us.
"""

import socket
import sys

import msgspec

from pmrunnerd.model.notices import Order, Word
from pmrunnerd.notify.deliver import deliver

# An order is a few kilobytes; and seconds in which a daemon that has one gives it.
_MOST = 1 << 20
_SOON = 20.0
_OK, _FAILED = 0, 1


def main(words: list[str]) -> int:
    """Return 0 where it was delivered. What goes wrong is told to the daemon, and to the journal."""
    (where,) = words
    try:
        with _line(where) as line, line.makefile("rwb") as file:
            order = msgspec.json.decode(file.readline(_MOST), type=Order)
            done = deliver(order)
            _say(done)
            file.write(msgspec.json.encode(done) + b"\n")
    except (OSError, msgspec.DecodeError) as exc:
        # Who ordered has gone, or is of another release: whoever comes after orders again.
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
        sys.stderr.write(f"pm-runner notify: cannot take an order, or tell of it: {why}\n")
        return _FAILED
    return _OK if done.delivered else _FAILED


def _line(where: str) -> socket.socket:
    if where.isdigit():
        line = socket.socket(fileno=int(where))
    else:
        line = socket.socket(socket.AF_UNIX)
        line.connect(where)
    line.settimeout(_SOON)
    return line


def _say(done: Word) -> None:
    said = done.said if done.delivered else f"{done.said} (tries: {done.tries})"
    hint = f"  hint: {done.hint}\n" if done.hint else ""
    sys.stderr.write(f"pm-runner notify: {said}\n{hint}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
