"""Speaks the native protocol of systemd's journal: an entry is one datagram, or a sealed file.

Its words are in "Native Journal Protocol" of systemd's documentation. Nothing of it raises, and who
must not wait does not: what the journal does not take is lost, and told to be lost.
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

SOCKET: Final = Path("/run/systemd/journal/socket")
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_TOO_LARGE: Final = frozenset({errno.EMSGSIZE, errno.ENOBUFS})


def is_ours(environment: Mapping[str, str], descriptor: int) -> bool:
    """Tell whether a descriptor is the stream to the journal that the service manager gave us.

    Its variable alone says nothing: whoever we start inherits it, and has a descriptor of its own.
    """
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return an entry. A name may stand several times; a value of several lines has its length."""
    return b"".join(_field(name.encode(), _bytes(value)) for name, value in fields)


def _bytes(value: str) -> bytes:
    return value.encode(errors="backslashreplace")


def _field(name: bytes, value: bytes) -> bytes:
    if b"\n" not in value:
        return name + b"=" + value + b"\n"
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


class Journal:
    """Sends entries. One that is `patient` waits while the journal is busy, as long as that takes."""

    def __init__(self, path: Path = SOCKET, *, patient: bool = False) -> None:
        self._path = os.fspath(path)
        # Never connected: a journal that was away is found again by the next entry.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._flags = 0 if patient else socket.MSG_DONTWAIT

    def send(self, entry: bytes) -> bool:
        """Send an entry; return whether the journal took it."""
        try:
            self._socket.sendto(entry, self._flags, self._path)
        except OSError as exc:
            return exc.errno in _TOO_LARGE and self._send_file(entry)
        return True

    def _send_file(self, entry: bytes) -> bool:
        """Send an entry that no datagram holds as a file that nobody can change any more."""
        with contextlib.suppress(OSError):
            file = os.memfd_create("entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                with os.fdopen(os.dup(file), "wb") as writing:
                    writing.write(entry)
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", file))]
                self._socket.sendmsg([], rights, self._flags, self._path)
            finally:
                os.close(file)
            return True
        return False

    def close(self) -> None:
        """Send no more."""
        self._socket.close()
