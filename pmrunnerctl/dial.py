"""Connects to a Unix socket, however long its path is."""

import os
import socket
from pathlib import Path
from typing import Final

LONGEST_ADDRESS: Final = 107


def dial(sock: socket.socket, path: Path) -> None:
    """Connect, or raise OSError. The kernel takes 107 bytes: a longer path goes by its directory."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        sock.connect(os.fspath(path))
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        sock.connect(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def why(exc: OSError) -> str:
    """Spell an error of the operating system as the end of a sentence."""
    return (exc.strerror or str(exc) or "no answer").lower()
