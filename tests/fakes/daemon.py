"""A daemon that only speaks: real frames on a real socket, answers from a table.

An answer is a reply, a `Failed`, a `Stream`, `HANG_UP` (the daemon dies before its reply), a function
of the request that returns one of these, or a list of them that is used up; its last one stays.
"""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p

HANG_UP: Final = object()
SILENCE: Final = object()
LONGEST_ADDRESS: Final = 107


@dataclass
class Stream:
    """Items, and then a closing frame with `reason`; empty: the connection dies; None: it stays."""

    items: list[Any]
    reason: str | None = "end"
    cursor: int = 0


@dataclass(frozen=True)
class Heard:
    request: Any
    request_id: str


@dataclass
class FakeDaemon:
    """Serves until it is left. `greeting` is the first frame; None says nothing at all."""

    path: Path
    answers: dict[type, Any] = field(default_factory=dict)
    greeting: bytes | None = None
    heard: list[Heard] = field(default_factory=list)
    hellos: list[frames.Hello] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.greeting is None:
            self.greeting = frames.encode(frames.Hello(environment="dev", release="1.2.3"))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        if len(os.fsencode(self.path)) <= LONGEST_ADDRESS:
            self._listener.bind(os.fspath(self.path))
        else:
            directory = os.open(self.path.parent, os.O_PATH)
            self._listener.bind(f"/proc/self/fd/{directory}/{self.path.name}")
            os.close(directory)
        self._listener.listen()
        self._begin(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def refuse(self) -> None:
        """Let nobody in any more."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Be gone: no socket, no connection, no thread."""
        self.refuse()
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def requests(self) -> list[Any]:
        return [heard.request for heard in self.heard]

    def _begin(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            self._begin(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, EOFError):
            self.hellos.append(_receive(connection))
            connection.sendall(self.greeting or b"")
            while True:
                call = _receive(connection)
                request = frames.requests.decode(call.request)
                self.heard.append(Heard(request, call.request_id))
                if not self._answer(connection, call.call, self._chosen(request)):
                    break
        self._open.discard(connection)

    def _chosen(self, request: p.Request[Any]) -> Any:
        answer = self.answers[type(request)]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(request) if callable(answer) and not isinstance(answer, type) else answer

    def _answer(self, connection: socket.socket, call: int, answer: Any) -> bool:
        if answer is HANG_UP:
            return False
        if answer is SILENCE:
            return True
        if isinstance(answer, frames.Failed):
            answer = frames.Failed(**{**_fields(answer), "call": call})
            connection.sendall(frames.encode(answer))
        elif isinstance(answer, Stream):
            for item in answer.items:
                connection.sendall(frames.encode(frames.Item(call=call, item=item)))
            if answer.reason == "":
                return False
            if answer.reason is not None:
                closed = frames.Closed(call=call, reason=answer.reason, cursor=answer.cursor)
                connection.sendall(frames.encode(closed))
        else:
            connection.sendall(frames.encode(frames.Ok(call=call, result=answer)))
        return True


def _fields(frame: frames.Failed) -> dict[str, Any]:
    return {name: getattr(frame, name) for name in frame.__struct_fields__}


def _receive(connection: socket.socket) -> Any:
    size = int.from_bytes(_exactly(connection, frames.HEADER), "big")
    return frames.to_daemon.decode(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data
