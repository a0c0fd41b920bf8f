"""Every directory below one, with a few descriptors and little memory however deep it is."""

import os
from collections.abc import Callable

from pmrunnerd.services.broom.entries import DIRECTORY, names, own
from pmrunnerd.services.broom.errand import Errand

Look = Callable[[int, bytes, list[bytes]], list[bytes] | None]
"""Gets an open directory, its path and its names; returns those to go down into, or None where the
directory is somewhere else by now."""


def walk(top: int, look: Look, errand: Errand) -> None:
    here, path = os.dup(top), b""
    # By its length alone: all the paths would be quadratic in the depth.
    above: list[tuple[int, list[bytes]]] = []
    below = look(here, path, names(here)) or []
    while True:
        if below:
            name = below.pop()
            own(name, here, errand)
            try:
                there = os.open(name, DIRECTORY, dir_fd=here)
            except OSError:  # gone, or a link by now
                continue
            inner = path + b"/" + name if path else name
            try:
                # Nobody who may not search it finds anything in there, nor the way back.
                os.stat(b"..", dir_fd=there)
                deeper = look(there, inner, names(there))
            except OSError:
                deeper = None
            if deeper is None:
                os.close(there)
                continue
            os.close(here)
            above.append((len(path), below))
            here, path, below = there, inner, deeper
        elif above:
            there = os.open(b"..", DIRECTORY, dir_fd=here)
            os.close(here)
            here = there
            length, below = above.pop()
            path = path[:length]
        else:
            os.close(here)
            return
