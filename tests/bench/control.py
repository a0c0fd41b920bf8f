"""Control requests per second, against a bare asyncio server of the same frames.

Three processes: a generator that is the same for both, and one of two servers.

*bare* is an `asyncio.Protocol` that cuts the stream into frames, decodes each whole (a call with its
request as the struct that it is), encodes an Ok of the size of ours, and writes once for all that
came at once. It knows no caller, looks at nothing, holds nobody to any limit or deadline.
*ours* is a daemon as it is installed, with two projects, asked by its control socket.

The generator sends `depth` calls, waits until all are answered, and sends the next. Rounds of the
two alternate, so that whatever else the machine does is paid by both; medians are reported.
"""

import asyncio
import contextlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.integration.daemon import Daemon

DEPTHS: Final = (1, 64)
ROUNDS: Final = 7
# Seconds that one round asks, and that a server may take to listen.
SPAN: Final = 0.5
LISTENS_WITHIN: Final = 10.0

_PREFIX: Final = struct.Struct(">I")


class Figure(Struct, frozen=True, kw_only=True):
    """Requests per second of both, `depth` calls at a time, and ours over bare."""

    depth: int
    bare: float
    ours: float
    ratio: float


def measure(
    directory: Path, depths: tuple[int, ...] = DEPTHS, rounds: int = ROUNDS, span: float = SPAN
) -> list[Figure]:
    """Ask both servers in turns; everything that is made is made in `directory`."""
    bare = directory / "bare.sock"
    with Daemon(directory / "state") as daemon, _served(bare):
        daemon.add_project("one")
        daemon.add_project("two")
        found = []
        for depth in depths:
            rates: dict[Path, list[float]] = {bare: [], daemon.socket: []}
            for _ in range(rounds):
                for path, rate in rates.items():
                    rate.append(_asked(path, depth, span))
            theirs, ours = (statistics.median(rate) for rate in rates.values())
            found.append(Figure(depth=depth, bare=theirs, ours=ours, ratio=ours / theirs))
        return found


def _asked(path: Path, depth: int, span: float) -> float:
    words = [sys.executable, "-m", __spec__.name, "ask", str(path), str(depth), str(span)]
    return float(subprocess.run(words, capture_output=True, check=True, text=True).stdout)


@contextlib.contextmanager
def _served(path: Path) -> Iterator[None]:
    """Run the bare server in a process of its own."""
    server = subprocess.Popen([sys.executable, "-m", __spec__.name, "bare", str(path)])
    try:
        until = time.monotonic() + LISTENS_WITHIN
        while not path.exists():
            assert time.monotonic() < until, "the bare server does not listen"
            time.sleep(0.01)
        yield
    finally:
        server.terminate()
        server.wait()


# The generator


def ask(path: Path, depth: int, span: float) -> float:
    """Ask for the inbox, `depth` calls at a time; return answers per second."""
    numbers = range(1, depth + 1)  # of one byte each, so that every answer has one size
    calls = b"".join(f.encode(f.Call(call=n, request=f.encode_request(p.Inbox()))) for n in numbers)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(LISTENS_WITHIN)
        caller.connect(str(path))
        caller.sendall(f.encode(f.Hello()))
        _frame(caller)
        caller.sendall(calls)
        first = [_frame(caller) for _ in numbers]
        decoder = f.to_client(v.InboxTable)
        assert all(isinstance(decoder.decode(body), f.Ok) for body in first)
        size, answers = sum(f.HEADER + len(body) for body in first), 0
        began = time.perf_counter()
        while (taken := time.perf_counter() - began) < span:
            caller.sendall(calls)
            left = size
            while left:
                left -= len(caller.recv(left))
            answers += depth
        return answers / taken


def _frame(caller: socket.socket) -> bytes:
    size = _PREFIX.unpack(caller.recv(f.HEADER, socket.MSG_WAITALL))[0]
    return caller.recv(size, socket.MSG_WAITALL)


# The bare server


class _Typed(f.Frame, frozen=True, kw_only=True, tag="call"):
    call: int
    request: p.AnyRequest
    request_id: str = ""


class Bare(asyncio.Protocol):
    """Answers what it can decode, and does nothing else."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._decoder = msgspec.msgpack.Decoder(f.Hello | _Typed | f.Cancel)
        self._encoder = msgspec.msgpack.Encoder()
        self._reply = v.InboxTable(items=())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        whole, at, answers = self._bytes, 0, []
        while at + f.HEADER <= len(whole):
            end = at + f.HEADER + _PREFIX.unpack_from(whole, at)[0]
            if end > len(whole):
                break
            frame = self._decoder.decode(whole[at + f.HEADER : end])
            at = end
            body = self._encoder.encode(
                f.Ok(call=frame.call, result=self._reply)
                if isinstance(frame, _Typed)
                else f.Hello()
            )
            answers += [_PREFIX.pack(len(body)), body]
        del whole[:at]
        self._transport.write(b"".join(answers))


async def bare(path: Path) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_unix_server(Bare, str(path))
    await server.serve_forever()


def main(words: list[str]) -> None:
    """Be one of the processes, or measure and print a table."""
    roles: dict[str, Callable[[], object]] = {
        "bare": lambda: asyncio.run(bare(Path(words[1]))),
        "ask": lambda: sys.stdout.write(f"{ask(Path(words[1]), int(words[2]), float(words[3]))}\n"),
    }
    if words:
        roles[words[0]]()
        return
    with tempfile.TemporaryDirectory() as directory:
        for figure in measure(Path(directory)):
            sys.stdout.write(msgspec.json.encode(figure).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
