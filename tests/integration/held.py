"""A service manager in small: it holds the listening sockets, and starts a daemon with them."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.integration.daemon import environment

# Becomes the daemon, with descriptors from 3 on as a service manager hands them over.
_BECOME: Final = """
import os, sys
given = [os.dup(int(n)) for n in sys.argv[1].split(",")]
given = [os.dup2(n, 100 + at) for at, n in enumerate(given)]
for at, n in enumerate(given):
    os.dup2(n, 3 + at)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "pmrunnerd.main", *sys.argv[2:]])
"""


class Manager:
    """Holds sockets by name, in an order of its own, and hears what its daemon says of itself."""

    def __init__(self, home: Path, *names: str) -> None:
        self.home = home
        self.sockets: dict[str, socket.socket] = {}
        for name in names:
            if name == "web":
                listening = socket.create_server(("127.0.0.1", 0))
                self.port = int(listening.getsockname()[1])
            else:
                listening = socket.socket(socket.AF_UNIX)
                listening.bind(str(self.path(name)))
                listening.listen(4096)
            self.sockets[name] = listening
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.bind("")
        self._heard.settimeout(30)

    def path(self, name: str) -> Path:
        return self.home / f"{name}.sock"

    def close(self) -> None:
        for one in (*self.sockets.values(), self._heard):
            one.close()

    def start(self, *options: str, **more: str) -> "subprocess.Popen[bytes]":
        """Start a daemon with the sockets, without waiting for it."""
        numbers = [one.fileno() for one in self.sockets.values()]
        variables = environment(self.home) | {
            "NOTIFY_SOCKET": "@" + self._heard.getsockname().removeprefix(b"\0").decode(),
            "LISTEN_FDS": str(len(numbers)),
            # Several may have one name: here, what follows a sign.
            "LISTEN_FDNAMES": ":".join(name.partition("#")[0] for name in self.sockets),
            "STATE_DIRECTORY": str(self.home / "state"),
        }
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-c", _BECOME, ",".join(map(str, numbers))),
                    *("--env=test", f"--socket={self.path('control')}", *options),
                ],
                env=variables | more,
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    def hears(self, word: str) -> str:
        """Wait for something that the daemon says; return all of that message."""
        while word not in (said := self._heard.recv(4096).decode()):
            pass
        return said

    def log(self) -> str:
        return (self.home / "log").read_text()

    @contextmanager
    def daemon(self, *options: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a daemon, ready, to the end of the block."""
        daemon = self.start(*options, **more)
        try:
            self.hears("READY=1")
            yield daemon
            daemon.terminate()
            assert daemon.wait(30) == 0, self.log()
        finally:
            daemon.kill()
            daemon.wait()


@contextmanager
def manager(home: Path, *names: str) -> Iterator[Manager]:
    """Hold sockets of these names, as long as the block lasts."""
    held = Manager(home, *names)
    try:
        yield held
    finally:
        held.close()
