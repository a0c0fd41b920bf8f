"""One connection to a daemon: frames there and back, blocking, each within its time."""

import grp
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from pmrunnerctl import greeting
from pmrunnerctl.address import quoted, user
from pmrunnerctl.dial import dial, why
from pmrunnerctl.exits import Cannot, Exit, Silent, unreachable
from pmrunnerctl.failures import Lost, raise_failure
from pmrunnerctl.where import Place
from pmrunnerd import __version__
from pmrunnerd.model import frames

_CHUNK: Final = 64 << 10
# Seconds after which people want to know what they wait for.
_TELL_AFTER: Final = 1.0
# Where the first process listens it is systemd, for the daemon; 0 is in another namespace.
_FIRST: Final = 1
_GROUP: Final = "pm-runner"
_GREETING: Final = msgspec.msgpack.Decoder(frames.Hello | frames.Failed)


class Decoder(Protocol):
    """What turns the body of a frame into a frame."""

    def decode(self, buf: bytes, /) -> Any: ...


class Peer(NamedTuple):
    """Who listens on a socket, by the word of the kernel; pid 0 where it is in another namespace."""

    pid: int
    uid: int


class Connection:
    """Connects and says hello; `hello` is what the daemon said, `peer` who listens.

    `tell` hears of a daemon that takes its time to greet. Raises Lost, and Cannot where asking again
    would not help.
    """

    def __init__(
        self, place: Place, *, within: float, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._place = place
        self.peer = Peer(0, 0)
        self._buffer = bytearray()
        self._is_greeted = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(within)
            self._connect()
            packed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            self.peer = Peer(*struct.unpack("3i", packed)[:2])
            self.send(
                frames.encode(frames.Hello(environment=place.environment, release=__version__))
            )
            self.hello: frames.Hello = self._greeted(within, tell)
            self._is_greeted = True
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes) -> None:
        """Send a frame, whole."""
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise self._silent() from None
        except OSError as exc:
            raise Lost(f"the connection broke: {why(exc)}") from None

    def receive(self, decoder: Decoder, *, within: float | None) -> Any:
        """Return the next frame; `within` None waits for ever."""
        self._socket.settimeout(within)
        size = int.from_bytes(self._read(frames.HEADER), "big")
        if size > frames.FRAME_LIMIT:
            raise self._strange(f"a frame of {size} bytes")
        body = self._read(size)
        try:
            return decoder.decode(body)
        except msgspec.MsgspecError as exc:
            raise self._strange(str(exc)) from None

    def heard(self, within: float) -> bool:
        """Wait until the daemon has said something, its end included; False where it does not in time."""
        if self._buffer:
            return True
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(within * 1000))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _connect(self) -> None:
        path = self._place.socket
        try:
            dial(self._socket, path)
        except PermissionError:
            raise Cannot(
                f"cannot reach pmrunnerd at {path}: permission denied",
                exits=Exit.FORBIDDEN,
                code="forbidden",
                hint=_let_in(path),
            ) from None
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError, TimeoutError) as exc:
            if not path.parent.exists():
                raise unreachable(
                    f"cannot reach pmrunnerd at {path}: there is no directory {path.parent}",
                    hint=self._place.hint,
                ) from None
            none = isinstance(exc, FileNotFoundError | ConnectionRefusedError)
            raise Lost("no daemon listens there" if none else why(exc), nobody=none) from None
        except OSError as exc:
            raise unreachable(
                f"cannot reach pmrunnerd at {path}: {why(exc)}", hint=self._place.hint
            ) from None

    def _greeted(self, within: float, tell: Callable[[str], None]) -> frames.Hello:
        began = time.monotonic()
        if within > _TELL_AFTER and not self.heard(_TELL_AFTER):
            tell(f"waiting for pmrunnerd, at most {within:g} s: it does not answer")
        left = max(within - (time.monotonic() - began), 0.01)
        said: frames.Hello | frames.Failed = self.receive(_GREETING, within=left)
        if isinstance(said, frames.Failed):
            raise_failure(said)
        greeting.check(said, self._place)
        return said

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                chunk = self._socket.recv(_CHUNK)
            except TimeoutError:
                raise self._silent() from None
            except OSError as exc:
                raise Lost(f"the connection broke: {why(exc)}") from None
            if not chunk:
                raise Lost("it closed the connection")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _silent(self) -> Cannot:
        # Of systemd's socket it says who listened last, and what has that number now may be anybody.
        named = f" (pid {self.peer.pid})" if _is_there(self.peer) else ""
        if self._is_greeted:
            # It lives: what was asked takes long, and whether it hangs by now the next greeting tells.
            return Silent(
                f"cannot hear from pmrunnerd at {self._place.socket}: it is slow to answer this{named}",
                hint="pmrunnerctl doctor   # looks at it from outside, too",
            )
        return Silent(
            f"cannot hear from pmrunnerd at {self._place.socket}: it does not answer{named}",
            hint=_awaken(self.peer, self._place.hint),
        )

    def _strange(self, why: str) -> Cannot:
        return unreachable(
            f"cannot understand what answers at {self._place.socket}: {why}",
            hint="pmrunnerctl version",
        )


def _awaken(peer: Peer, otherwise: str) -> str:
    """Return what helps against a daemon that hangs: only its process can be ended, if it is one."""
    if peer.pid <= _FIRST or not _is_there(peer):
        return otherwise
    sudo = "" if os.geteuid() in (0, peer.uid) else "sudo "
    then = otherwise.partition("\n")[0]
    hint = f"{sudo}kill -9 {peer.pid}; {then}   nothing that was acknowledged is lost"
    if process_state(peer.pid) == "T":
        return f"{sudo}kill -CONT {peer.pid}   somebody stopped it; or else\n{hint}"
    return hint


def _is_there(peer: Peer) -> bool:
    """Tell whether there is a process of that number, and of that very user."""
    with suppress(OSError, IndexError, ValueError):
        said = Path(f"/proc/{peer.pid}/status").read_text().partition("\nUid:")[2]
        return int(said.split()[1]) == peer.uid
    return False


def _let_in(path: Path) -> str:
    """Return how somebody may come in: by the group where this machine has it, or else as the owner."""
    hint = f"sudo -u {user(_owner(path))} pmrunnerctl --socket {quoted(path)} status"
    with suppress(KeyError):
        grp.getgrnam(_GROUP)
        hint = f"sudo usermod -aG {_GROUP} $USER   # then log in again"
    return hint


def _owner(path: Path) -> int:
    """Return whose a path is, or else the nearest directory above it that we may look at."""
    for one in (path, *path.parents):
        with suppress(OSError):
            return one.stat().st_uid
    return 0


def process_state(pid: int) -> str:
    """Return the kernel's letter for what a process does, such as T, stopped; empty: there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
