"""A daemon to be timed: from the start of its process to READY, and to its first answer."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from tests.integration.daemon import environment

# A start of today's code on a million messages takes minutes; the row is to say so, not to break.
WITHIN: Final = 900.0
POLL: Final = 0.0005
CALL: Final = frames.encode(frames.Hello()) + frames.encode(
    frames.Call(call=1, request=frames.encode_request(p.Status()))
)


class Daemon:
    """One life of a daemon on a state directory. Leaving the `with` ends it in good order."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.socket = state / "control.sock"
        self._options = options or ("--web-port=0",)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ready(self) -> float:
        """Start it and return how many seconds it took until it said READY."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("")  # the kernel chooses an abstract name
            manager.settimeout(0.5)
            address = "@" + manager.getsockname().removeprefix(b"\0").decode()
            began = time.perf_counter()
            self._start({"NOTIFY_SOCKET": address})
            while time.perf_counter() - began < WITHIN:
                with suppress(TimeoutError):
                    if manager.recv(4096).startswith(b"READY=1"):
                        return time.perf_counter() - began
                self._must_live()
        raise AssertionError("the daemon is not ready")

    def answering(self) -> float:
        """Start it and return how many seconds it took until it had answered a `status`."""
        began = time.perf_counter()
        self._start({})
        first_answer(self.socket, self._must_live)
        return time.perf_counter() - began

    def kill(self) -> None:
        """Take it away without a word. Its socket stays, and refuses."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def end(self) -> None:
        """Ask it to leave, and wait until it has; twice is once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(120)
            self._process = None

    def _start(self, variables: Mapping[str, str]) -> None:
        assert self._process is None
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.state / "bench.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pmrunnerd.main", "--env=bench"),
                    *(f"--state-dir={self.state}", *self._options),
                ],
                env={**environment(self.state.parent), **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _must_live(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the daemon died:\n{(self.state / 'bench.log').read_text()}")


def first_answer(path: Path, alive: Callable[[], None] = lambda: None) -> None:
    """Ask `status` until there is an answer, whole."""
    began = time.perf_counter()
    while time.perf_counter() - began < WITHIN:
        with suppress(FileNotFoundError, ConnectionError), _dialled(path) as caller:
            caller.sendall(CALL)
            with caller.makefile("rb") as stream:
                if all(_frame(stream.read) for _ in range(2)):
                    return
        alive()
        time.sleep(POLL)
    raise AssertionError(f"nobody answers at {path}")


def _dialled(path: Path) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        caller.connect(os.fspath(path))
    except BaseException:
        caller.close()
        raise
    return caller


def _frame(read: Callable[[int], bytes]) -> bytes:
    return read(int.from_bytes(read(frames.HEADER), "big"))
