"""A daemon under strace, from its start or from some moment on; whatever happens, it is gone after."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from tests.crash.strikes import still_there
from tests.crash.tracing import Injection, tracing
from tests.integration.daemon import Daemon

PATIENCE: Final = 180.0
# A worker of pytest that is ended in the middle, by a timeout, ends nothing itself.
_SETPRIV: Final = shutil.which("setpriv")
LEASH: Final = (_SETPRIV, "--pdeathsig", "KILL") if _SETPRIV else ()


@contextlib.contextmanager
def nothing_left(state: Path) -> Iterator[None]:
    """Be sure that nothing works on a state any more once the block has ended, however it did."""
    try:
        yield
    finally:
        until = time.monotonic() + PATIENCE
        while left := still_there(state):
            assert time.monotonic() < until, left
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process, os.WNOHANG)


ATTEMPTS = 10


class Traced(Daemon):
    """A daemon to trace; `start` is without, `start_traced` with strace, and so it goes on."""

    def __init__(self, state: Path, *options: str) -> None:
        super().__init__(state, *options)
        self.trace = state.parent / f"{state.name}.trace"
        self._before: list[str] = []
        self._strace: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with nothing_left(self.state):
            if self._process is not None:
                self._process.kill()
                self._process.wait(PATIENCE)
                self._process = None
        if self._strace is not None:
            self._strace.wait(PATIENCE)

    def argv(self) -> list[str]:
        return [*LEASH, *self._before, *super().argv()]

    def start_traced(self, injection: Injection | None) -> None:
        """Start it under strace. Raises AssertionError if it died before it was ready."""
        self._before = [*self._tracing(injection), "-D"]
        try:
            self.start()
        finally:
            self._before = []

    def attach(self, injection: Injection | None) -> None:
        """Have strace come to one that runs, to all of its threads."""
        # It gives up where a thread ends while it comes to it: a daemon has some that do.
        if not any(self._attaches(injection) for _ in range(ATTEMPTS)):
            pytest.skip(f"strace may not attach here: {self.log().splitlines()[-1]}")

    def _attaches(self, injection: Injection | None) -> bool:
        argv = [*LEASH, *self._tracing(injection), "-p", str(self.pid)]
        with (self.state / "test.log").open("ab") as log:
            self._strace = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not self._is_traced():
            if self._strace.poll() is not None:
                return False
            time.sleep(0.005)
        return True

    def _tracing(self, injection: Injection | None) -> list[str]:
        # The runs that it starts are let go.
        return [*tracing(self.trace, self.state, injection), "-b", "execve"]

    def _is_traced(self) -> bool:
        tasks = list(Path(f"/proc/{self.pid}/task").iterdir())
        # A thread may end while we look.
        with contextlib.suppress(FileNotFoundError):
            return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)
        return False

    @property
    def was_injected(self) -> bool:
        return "(INJECTED)" in self.trace.read_text()

    @property
    def is_gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def status(self) -> int:
        """Return how it ended."""
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        self._process = None
        return status
