"""`python -m tests.bench.operating`: every figure of a daemon that systemd has, on a host of its own.

Builds the package, boots a host, installs it, and measures in there: requests lost over restarts
under load (`restarts`), and restarts, kills, idling and seals (`unit`). Needs root, and a machine
that does nothing else.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.bench.restarts import REQUESTS, RESTARTS
from tests.bench.unit import Found, lines
from tests.house.tree import ROOT
from tests.system import hosts

_WITHIN = 3600.0
_QUICK = {"requests": 2000, "restarts": 3, "kills": 3, "idle": 5}
_WHOLE = {"requests": REQUESTS, "restarts": RESTARTS, "kills": 100, "idle": 60}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a few of each: two minutes")
    parser.add_argument("--package", type=Path, help="built already")
    given = parser.parse_args(arguments)
    if reason := hosts.lacks():
        sys.stderr.write(f"cannot have a host: it {reason}\n")
        return 1
    many = _QUICK if given.quick else _WHOLE
    sys.stdout.write(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} processors\n")
    with tempfile.TemporaryDirectory() as directory, hosts.a_host() as host:
        hosts.install(host, given.package or hosts.build_package(Path(directory)))
        host.run("systemctl", "start", "pm-runner@prod")

        def measure(module: str, *words: str) -> tuple[int, str]:
            argv = (sys.executable, "-P", "-m", f"tests.bench.{module}", *words)
            known = {"PYTHONPATH": str(ROOT)}
            done = host.run(*argv, env=known, check=False, timeout=_WITHIN)
            sys.stderr.write(done.stderr)
            return done.returncode, done.stdout

        asked = [f"--{name}={many[name]}" for name in ("restarts", "kills", "idle")]
        failed, said = measure("unit", *asked)
        if not failed:
            found = msgspec.json.decode(said, type=Found)
            sys.stdout.write("".join(f"{line}\n" for line in lines(found)))
        lost, said = measure(
            "restarts",
            "--unit=prod",
            f"--restarts={many['restarts']}",
            f"--requests={many['requests']}",
        )
        sys.stdout.write(said)
        sys.stdout.write(f"load {os.getloadavg()[0]:.2f}\n")
    return failed or lost


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
