"""Sockets that listen: our own, made without a moment in which others could reach them, or systemd's."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import addresses
from pmrunnerd.services.ports import keeper

# Who may wait to be let in, as far as the system lets us (net.core.somaxconn).
BACKLOG: Final = 4096
MODE: Final = 0o660
_FIRST: Final = 3  # the number of the first descriptor that a service manager hands over


def inherited(environment: MutableMapping[str, str]) -> dict[str, socket.socket]:
    """Return the listening sockets that the service manager handed over, by name; of one name the second is `NAME:2`.

    The variables are taken out of the environment: no child is to believe that they are its own.
    """
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    owner = environment.pop("LISTEN_PID", "")
    if owner != str(os.getpid()) or not count.isdigit():
        return {}
    found: dict[str, socket.socket] = {}
    for number, name in zip(range(_FIRST, _FIRST + int(count)), names, strict=False):
        os.set_inheritable(number, False)  # noqa: FBT003 - positional in the standard library
        again = sum(other.partition(":")[0] == name for other in found) + 1
        found[name if again == 1 else f"{name}:{again}"] = socket.socket(fileno=number)
    return found


def bind_unix(path: Path) -> socket.socket:
    """Return a socket that listens at a path, mode 0660 from the first moment on.

    A socket on which nobody answers is replaced. Raises Refused where somebody does, where
    something else is there, and where the path cannot be used.
    """
    with _refusing(path):
        if (who := keeper(path)) is not None:
            hint = f"pmrunnerctl --socket {path} status"
            raise Refused(f"cannot listen at {path}: {who} answers there", hint=hint)
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _bind(own, path)
        except (OSError, Refused):
            own.close()
            raise
    return own


def _bind(own: socket.socket, path: Path) -> None:
    with addresses.held(path.parent) as directory:
        _check_free(path, directory)
        making = f".{os.getpid()}.{path.name[:32]}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(making, dir_fd=directory)
        own.bind(addresses.within(directory, making))
        # Nobody can connect before `listen`, so nobody sees the mode that the umask gave it.
        os.chmod(making, MODE, dir_fd=directory)
        own.listen(BACKLOG)
        os.rename(making, path.name, src_dir_fd=directory, dst_dir_fd=directory)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Say what the system said, in words."""
    try:
        yield
    except OSError as exc:
        refused = f"cannot listen at {path}: {exc.strerror or exc}"
        raise Refused(refused, hint=f"ls -ld {path.parent}") from exc


def bind_tcp(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a port. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio does not take it for TCP and leaves Nagle's algorithm on: an
    # answer in two writes then waits 40 ms for the other end to acknowledge the first one.
    own = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((host, port))
        own.listen(BACKLOG)
    except OSError:
        own.close()
        raise
    return own


class Mark:
    """Recognises the file of a socket of ours, so that nobody else's is ever removed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made = self._look()

    def remove(self) -> None:
        """Remove the file, if it is still the one that was there."""
        if self._made is not None and self._look() == self._made:
            self._path.unlink(missing_ok=True)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _check_free(path: Path, directory: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(path.name, dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISSOCK(found.st_mode):
            raise Refused(f"cannot listen at {path}: there is a file that is no socket")
