"""Whether somebody still reads what we say: the kernel tells of a pipe at once, and unasked."""

import os
import select
from collections.abc import Iterator
from typing import IO, Final

_STANDARD_OUTPUT: Final = 1
_AT_ONCE: Final = 1 << 16


def is_read() -> bool:
    """Tell whether somebody still reads our standard output."""
    looking = select.poll()
    looking.register(_STANDARD_OUTPUT, 0)
    return not looking.poll(0)


def lines(said: IO[bytes]) -> Iterator[bytes]:
    """Return what a companion says, line by line and without their ends, for as long as somebody reads us.

    Raises BrokenPipeError once nobody does, also while the companion says nothing.
    """
    looking = select.poll()
    looking.register(_STANDARD_OUTPUT, 0)
    looking.register(said, select.POLLIN)
    rest = b""
    while True:
        if any(file == _STANDARD_OUTPUT for file, _ in looking.poll()):
            raise BrokenPipeError
        found = os.read(said.fileno(), _AT_ONCE)
        *whole, rest = (rest + found).split(b"\n")
        yield from whole
        if not found:
            if rest:
                yield rest
            return
