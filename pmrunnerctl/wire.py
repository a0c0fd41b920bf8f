"""One connection to a daemon: frames there and back, blocking, each within its time."""

import socket
import struct
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from pmrunnerctl import greeting
from pmrunnerctl.dial import dial, why
from pmrunnerctl.exits import Cannot, Exit, unreachable
from pmrunnerctl.failures import Lost, raise_failure
from pmrunnerctl.where import Place
from pmrunnerd import __version__
from pmrunnerd.model import frames

_CHUNK: Final = 64 << 10
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

    Raises Lost, and Cannot where asking again would not help.
    """

    def __init__(self, place: Place, *, within: float) -> None:
        self._place = place
        self._buffer = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(within)
            self._connect()
            self.send(
                frames.encode(frames.Hello(environment=place.environment, release=__version__))
            )
            self.hello: frames.Hello = self._greeted(within)
            packed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            self.peer = Peer(*struct.unpack("3i", packed)[:2])
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
                hint="sudo usermod -aG pm-runner $USER   and log in again",
            ) from None
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError, TimeoutError) as exc:
            if not path.parent.exists():
                raise unreachable(
                    f"cannot reach pmrunnerd at {path}: there is no directory {path.parent}",
                    hint=self._place.hint,
                ) from None
            raise Lost(why(exc)) from None
        except OSError as exc:
            raise unreachable(
                f"cannot reach pmrunnerd at {path}: {why(exc)}", hint=self._place.hint
            ) from None

    def _greeted(self, within: float) -> frames.Hello:
        said: frames.Hello | frames.Failed = self.receive(_GREETING, within=within)
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
        return unreachable(
            f"cannot hear from pmrunnerd at {self._place.socket}: it does not answer",
            hint=self._place.hint,
        )

    def _strange(self, why: str) -> Cannot:
        return unreachable(
            f"cannot understand what answers at {self._place.socket}: {why}",
            hint="pmrunnerctl version",
        )
