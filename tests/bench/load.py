"""People at the web door: a message posted and a status read, fifty times a second.

Not as fast as it goes: on two cores that would only show that two programs want three, and a daemon
that became faster would be loaded more. As a program (`python -m tests.bench.load PORT TOKEN`) it
does so until its standard input ends, and prints how many answers there were in how many seconds.
"""

import http.client
import json
import select
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.bench.lives import DESK
from tests.integration.daemon import environment

# Seconds from one request to the next.
PACE: Final = 0.01


class Load:
    """The other process; from `with` on it is at work. `rate` is known once it was left."""

    def __init__(self, state: Path, port: int) -> None:
        self._command = [
            *(sys.executable, "-m", "tests.bench.load"),
            *(str(port), (state / "web.token").read_text().strip()),
        ]
        self._home = state.parent
        self.rate = 0.0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=environment(self._home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "at work\n":
            self._process.wait()
            raise AssertionError("nobody could come in by the web door")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        said, _ = self._process.communicate()
        assert self._process.returncode == 0
        answered, seconds = said.split()
        self.rate = int(answered) / float(seconds)


def work(port: int, token: str) -> tuple[int, float]:
    """Ask until standard input ends; return how many answers there were in how many seconds."""
    door = _come_in(port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    life = uuid.uuid4().hex
    answered, began = 0, time.perf_counter()
    while not select.select([sys.stdin], [], [], _until(began + answered * PACE))[0]:
        said = json.dumps({"project": DESK, "text": f"message {answered}"})
        for method, path, body in (
            ("POST", "/api/v1/chat/send", said),
            ("GET", "/api/v1/status", None),
        ):
            door.request(method, path, body, headers | {"Idempotency-Key": f"{life}-{answered}"})
            reply = door.getresponse()
            text = reply.read()
            assert reply.status == 200, text
            answered += 1
        if answered == 2:
            sys.stdout.write("at work\n")
            sys.stdout.flush()
    return answered, time.perf_counter() - began


def _until(moment: float) -> float:
    return max(0.0, moment - time.perf_counter())


def _come_in(port: int) -> http.client.HTTPConnection:
    """Connect; the web door opens a moment after READY."""
    until = time.monotonic() + 60
    while True:
        door = http.client.HTTPConnection("127.0.0.1", port)
        try:
            door.connect()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return door


if __name__ == "__main__":
    requests, seconds = work(int(sys.argv[1]), sys.argv[2])
    sys.stdout.write(f"{requests} {seconds}\n")
