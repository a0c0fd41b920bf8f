"""Callers at both doors of an environment of a host, for as long as somebody wants to know what they meet.

Run in there as `python -m tests.bench.crowd ENV PORT`: says a line once both doors have answered, knocks
until its standard input ends, and prints what the callers met.
"""

import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.knocks import Crowd, Knocks, all_of, by_port, by_socket
from tests.house.tree import ROOT
from tests.system.host import Host

# Seconds between two requests of a caller: some come in each moment, and runs, which come after daemons, are not starved.
PAUSE: Final = 0.2
PORT: Final = 3502


@contextlib.contextmanager
def callers(host: Host, environment: str = "prod", port: int = PORT) -> Iterator[Knocks]:
    """Have them knock from `with` to its end; what they met is known after it."""
    words = ("-P", "-m", "tests.bench.crowd", environment, str(port))
    argv = host.command(sys.executable, *words, env={"PYTHONPATH": str(ROOT)})
    met = Knocks()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == b"begun\n"
        yield met
        said, _ = crowd.communicate()
    found = msgspec.json.decode(said)
    met.answered, met.slowest = found["answered"], found["slowest"]
    met.failed = Counter(found["failed"])


def main(environment: str, port: int) -> None:
    control = Path(f"/run/pm-runner/{environment}/control.sock")
    ways = (partial(by_socket, control), partial(by_port, port))
    with Crowd(time.monotonic, *ways, pause=PAUSE) as crowd:
        while not all(one.answered for one in crowd.of):
            time.sleep(PAUSE)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        sys.stdin.read()
        crowd.leave()
    sys.stdout.write(msgspec.json.encode(all_of(crowd)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
