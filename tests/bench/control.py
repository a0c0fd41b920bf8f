"""Control requests per second, against a bare asyncio server of the same frames.

Three processes: a generator that is the same for both, and one of two servers.

*bare* is an `asyncio.Protocol` that cuts the stream into frames, decodes each whole (a call with its
request as the struct that it is), encodes an Ok of the size of ours, and writes once for all that
came at once. It knows no caller, looks at nothing, holds nobody to any limit or deadline.
*ours* is a daemon as it is installed, with two projects, asked by its control socket: for the inbox,
whose reply is remembered while nothing happens; for the projects, looked at each time; and for the
inbox while somebody posts one message after the other, so that nothing can be remembered for long.

The generator sends `depth` calls, waits until all are answered, and sends the next. Rounds of the
two alternate, so that whatever else the machine does is paid by both; medians are reported.
"""

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target, ratios
from tests.integration.daemon import Daemon

# Seconds that one round asks, and that a server may take to listen.
SPAN: Final = 0.5
LISTENS_WITHIN: Final = 10.0
TARGET: Final = Target("ratio", 0.5, at_least=True)
BUSY: Final = v.ProjectRow(
    id="w1",
    alias="one",
    path="/srv/one",
    project_type="normal",
    agent="shell",
    tasks={},
    questions=0,
    now="nothing to do",
)
# What is asked, and what the bare server answers to that.
REQUESTS: Final[Mapping[str, tuple[p.Request[Any], v.View]]] = {
    "inbox": (p.Inbox(), v.InboxTable(items=())),
    "projects": (p.ProjectList(), v.ProjectTable(projects=(BUSY, BUSY))),
}


class Case(NamedTuple):
    """What is asked, how many calls at a time, and whether somebody posts meanwhile."""

    asked: str
    depth: int
    posting: bool = False

    def __str__(self) -> str:
        return f"{self.asked}, {self.depth} at a time" + (", posting" if self.posting else "")


CASES: Final = (
    Case("inbox", 1),
    Case("inbox", 64),
    Case("projects", 1),
    Case("projects", 64),
    Case("inbox", 64, posting=True),
)

_PREFIX: Final = struct.Struct(">I")


def measure(bench: Bench) -> Iterator[Figure]:
    """Ask both servers in turns."""
    directory = bench.fresh("control")
    bare = directory / "bare.sock"
    with Daemon(directory / "state") as daemon, _served(bare):
        daemon.add_project("one")
        daemon.add_project("two")
        for case in CASES:
            rates: dict[Path, list[float]] = {bare: [], daemon.socket: []}
            with _posting(daemon.socket) if case.posting else contextlib.nullcontext():
                for _ in range(bench.times(7, 3)):
                    for path, rate in rates.items():
                        rate.append(float(_run("ask", path, case.asked, case.depth)))
            theirs, ours = rates.values()
            yield Figure(
                name="control requests",
                case=str(case),
                unit="/s",
                ours=Sample.of(ours),
                limit=Sample.of(theirs),
                against="bare asyncio, the same frames",
                ratios=ratios(ours, theirs),
                target=None if case.posting else TARGET,
            )


def _words(*words: object) -> list[str]:
    return [sys.executable, "-m", __spec__.name, *map(str, words)]


def _run(*words: object) -> str:
    return subprocess.run(_words(*words), capture_output=True, check=True, text=True).stdout


@contextlib.contextmanager
def _posting(path: Path) -> Iterator[None]:
    """Have a process post messages, each when the one before is durable."""
    poster = subprocess.Popen(_words("post", path))
    try:
        yield
    finally:
        assert poster.poll() is None, "nobody posts any more"
        poster.terminate()
        poster.wait()


@contextlib.contextmanager
def _served(path: Path) -> Iterator[None]:
    """Run the bare server in a process of its own."""
    server = subprocess.Popen(_words("bare", path))
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


def ask(path: Path, asked: str, depth: int) -> float:
    """Ask for one thing, `depth` calls at a time; return answers per second."""
    request = REQUESTS[asked][0]
    numbers = range(1, depth + 1)  # of one byte each, so that every answer has one size
    calls = b"".join(f.encode(f.Call(call=n, request=f.encode_request(request))) for n in numbers)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(LISTENS_WITHIN)
        caller.connect(str(path))
        caller.sendall(f.encode(f.Hello()))
        _frame(caller)
        caller.sendall(calls)
        first = [_frame(caller) for _ in numbers]
        decoder = f.to_client(type(REQUESTS[asked][1]))
        assert all(isinstance(decoder.decode(body), f.Ok) for body in first)
        size, answers = sum(f.HEADER + len(body) for body in first), 0
        began = time.perf_counter()
        while (taken := time.perf_counter() - began) < SPAN:
            caller.sendall(calls)
            left = size
            while left:
                left -= len(caller.recv(left))
            answers += depth
        return answers / taken


def post(path: Path) -> None:
    """Post messages until killed."""
    daemon = Daemon(path.parent)
    with daemon.client() as client:
        while True:
            client.call(p.ChatSend(project="one", text="posted while others ask"))


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
        self._replies = {type(request): reply for request, reply in REQUESTS.values()}

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
                f.Ok(call=frame.call, result=self._replies[type(frame.request)])
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
    """Be one of the processes."""
    roles: dict[str, Callable[[], object]] = {
        "bare": lambda: asyncio.run(bare(Path(words[1]))),
        "post": lambda: post(Path(words[1])),
        "ask": lambda: sys.stdout.write(f"{ask(Path(words[1]), words[2], int(words[3]))}\n"),
    }
    roles[words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
