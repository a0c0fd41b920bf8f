"""Callers that never try again: a new raw connection for each request, by either door.

Whatever is not a whole answer is a failure: a connection refused, an end, an answer cut short.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import msgspec

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p

LONGEST: Final = 30.0
_HELLO: Final = frames.encode(frames.Hello())
_CALL: Final = frames.encode(frames.Call(call=1, request=frames.encode_request(p.ProjectList())))
_GET: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Knocks:
    """How many were answered, how long the slowest took in seconds, and why others failed.

    `away` is how long the longest restart took, where somebody looked: who comes at its beginning waits
    for its end, and no request that is slower than that waited for the daemon alone.
    """

    answered: int = 0
    slowest: float = 0.0
    away: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)


def by_socket(path: Path) -> None:
    """Ask for the projects by a control socket. Raises OSError, EOFError."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(LONGEST)
        caller.connect(str(path))
        caller.sendall(_HELLO + _CALL)
        for wanted in ("hello", "ok"):
            size = int.from_bytes(_exactly(caller, frames.HEADER), "big")
            said = msgspec.msgpack.decode(_exactly(caller, size))
            if said["frame"] != wanted:
                raise EOFError(str(said))


def by_port(port: int) -> None:
    """Ask by HTTP whether it is well. Raises OSError, EOFError."""
    with socket.create_connection(("127.0.0.1", port), LONGEST) as caller:
        caller.sendall(_GET)
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := caller.recv(4096)):
                raise EOFError(head.decode())
            head += more
        said, _, body = head.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in said.split(b"\r\n")[1:])
        _exactly(caller, int(fields[b"content-length"]) - len(body))


def _exactly(caller: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := caller.recv(size - len(data))):
            raise EOFError("an end")
        data += more
    return data


class Crowd:
    """Callers in threads of their own, from `with` to its end."""

    def __init__(
        self, clock: Callable[[], float], *ways: Callable[[], None], pause: float = 0.0
    ) -> None:
        """Each waits for `pause` seconds between two requests."""
        self._clock = clock
        self._pause = pause
        self.of = [Knocks() for _ in ways]
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._knock, args=pair)
            for pair in zip(ways, self.of, strict=True)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Knock no more, and return once the last answer has come."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _knock(self, way: Callable[[], None], knocks: Knocks) -> None:
        while not self._over.is_set():
            began = self._clock()
            try:
                way()
            except (OSError, EOFError) as exc:
                knocks.failed[f"{type(exc).__name__}: {exc}"] += 1
            else:
                knocks.answered += 1
                knocks.slowest = max(knocks.slowest, self._clock() - began)
            if self._pause:
                self._over.wait(self._pause)


def all_of(crowd: Crowd) -> Knocks:
    """Return what all callers met together."""
    total = Knocks()
    for one in crowd.of:
        total.answered += one.answered
        total.slowest = max(total.slowest, one.slowest)
        total.failed.update(one.failed)
    return total
