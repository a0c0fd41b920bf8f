"""Requests that fail while a daemon is restarted under load: by sockets that are held, and by its own.

Raw callers that never try again, a new connection for each request (knocks). A daemon that binds its
sockets itself is measured in the same run: it shows that the callers do see what is lost.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.knocks import Crowd, Knocks, all_of, by_port, by_socket
from tests.integration.daemon import Daemon
from tests.integration.held import manager

RESTARTS: Final = 50
REQUESTS: Final = 100_000


def held(home: Path, restarts: int, requests: int) -> Knocks:
    """Restart a daemon whose sockets stay open; return what its callers met."""
    with manager(home, "web", "read", "control") as holding:
        ways = (partial(by_socket, holding.path("control")), partial(by_port, holding.port))
        with Crowd(time.monotonic, *ways) as crowd:
            for n in range(1, restarts + 1):
                with holding.daemon():
                    _until(crowd, requests * n // (restarts + 1))
            with holding.daemon():
                _until(crowd, requests)
                crowd.leave()
    return all_of(crowd)


def of_unit(environment: str, port: int, restarts: int, requests: int) -> Knocks:
    """Have systemd restart an environment; return what its callers met. Needs root."""
    unit, socket = f"pm-runner@{environment}", Path(f"/run/pm-runner/{environment}/control.sock")
    away = 0.0
    with Crowd(time.monotonic, partial(by_socket, socket), partial(by_port, port)) as crowd:
        for n in range(1, restarts + 1):
            _until(crowd, requests * n // (restarts + 1))
            subprocess.run(["systemctl", "reset-failed", unit], check=False)
            began = time.monotonic()
            subprocess.run(["systemctl", "restart", unit], check=True)
            away = max(away, time.monotonic() - began)
        _until(crowd, requests)
        crowd.leave()
    total = all_of(crowd)
    total.away = away
    return total


def own(home: Path, restarts: int) -> Knocks:
    """Restart a daemon that binds its socket itself; return what its callers met."""
    with (
        Daemon(home / "state") as daemon,
        Crowd(time.monotonic, partial(by_socket, daemon.socket)) as crowd,
    ):
        for _ in range(restarts):
            daemon.terminate()
            daemon.start()
        crowd.leave()
    return all_of(crowd)


def _until(crowd: Crowd, requests: int) -> None:
    while sum(one.answered for one in crowd.of) < requests:
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--restarts", type=int, default=RESTARTS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument(
        "--unit", metavar="ENV", help="of systemd, by which all that is asked is held"
    )
    parser.add_argument("--port", type=int, default=3502, help="of its web door")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "held").mkdir()
        much = given.restarts, given.requests
        found = {
            "held sockets": of_unit(given.unit, given.port, *much)
            if given.unit
            else held(home / "held", *much),
            "its own socket": own(home / "own", max(1, given.restarts // 10)),
        }
    for name, knocks in found.items():
        away = f" (a restart: {knocks.away * 1000:.0f} ms)" if knocks.away else ""
        sys.stdout.write(
            f"{name}: {knocks.answered} answered, {sum(knocks.failed.values())} failed,"
            f" the slowest took {knocks.slowest * 1000:.0f} ms{away} {dict(knocks.failed)}\n"
        )
    lost, seen = (sum(knocks.failed.values()) for knocks in found.values())
    sys.exit(0 if lost == 0 and seen > 0 else 1)


if __name__ == "__main__":
    main()
