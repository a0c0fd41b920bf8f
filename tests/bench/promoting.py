"""`python -m tests.bench.promoting`: what a promotion, a rollback and a return cost, on a host of its own.

Builds the package, boots a host, installs it, and measures there: promotions and rollbacks in a row with
callers at both doors, and how soon prod is back from a release that crashes or hangs. Needs root, and a
machine that does nothing else.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench import restarts
from tests.bench.crowd import callers
from tests.bench.knocks import Knocks
from tests.bench.moves import Moved, cycle, held, lines, spread
from tests.system import hosts
from tests.system.candidates import Candidates
from tests.system.ground import DAEMON, Ground
from tests.system.host import Host
from tests.system.moving import Moving

CYCLES: Final = 3
TRIES: Final = 5
# Seconds; as short as a host under load can still start in.
START_TIMEOUT: Final = 5


def moves(host: Host, cycles: int) -> Iterator[str]:
    """Promote and roll back so many times; say what that took, what callers met, and what is more."""
    moving = Moving(host)
    moving.begin()
    try:
        name = moving.make()
        cycle(moving, name)  # the first makes what the others find
        looks = [held(moving)]
        with callers(host) as met:
            moved = []
            for _ in range(cycles):
                moved.append(Moved.of(cycle(moving, name)))
                looks.append(held(moving))
        yield from lines(moved, looks)
        yield _met("requests while releases come and go", met)
    finally:
        moving.end()


def peer(times: int) -> Iterator[str]:
    """Have a daemon with a socket of its own restarted as often: it shows that callers see what is lost."""
    with tempfile.TemporaryDirectory() as directory:
        yield _met(
            "beside it, restarts of one with its own socket", restarts.own(Path(directory), times)
        )


def returns(host: Host, times: int) -> Iterator[str]:
    """Start what crashes, and what hangs; say how long it takes until prod is up, beside a start of what is well."""
    prod = Candidates(host)
    took: dict[str, list[float]] = {"": [], "exits": [], "hangs": []}
    for _ in range(times):
        for fault, seconds in took.items():
            prod.clear()
            if fault:
                prod.put_on_trial(fault)
            if fault == "hangs":
                Ground(host).drop_in(DAEMON, f"[Service]\nTimeoutStartSec={START_TIMEOUT}\n")
            seconds.append(prod.seconds_to_be_up() - (START_TIMEOUT if fault == "hangs" else 0))
    prod.clear()
    yield f"a start: {spread(took[''])}"
    yield f"back from one that crashes: {_beside(took['exits'], took[''])}"
    yield f"back from one that hangs, beyond its start timeout: {_beside(took['hangs'], took[''])}"


def _beside(ours: Sequence[float], plain: Sequence[float]) -> str:
    ratios = sorted(one / start for one, start in zip(ours, plain, strict=True))
    return f"{spread(ours)}; {ratios[len(ratios) // 2]:.1f} times a start"


def _met(what: str, met: Knocks) -> str:
    lost = sum(met.failed.values())
    return f"{what}: {met.answered} answered, {lost} failed, the slowest took {met.slowest * 1000:.0f} ms"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument(
        "--cycles", type=int, default=CYCLES, help="promotions, each with a rollback"
    )
    parser.add_argument("--tries", type=int, default=TRIES, help="of releases that crash or hang")
    parser.add_argument("--package", type=Path, help="built already")
    given = parser.parse_args(arguments)
    if reason := hosts.lacks():
        sys.stderr.write(f"cannot have a host: it {reason}\n")
        return 1
    with tempfile.TemporaryDirectory() as directory, hosts.a_host() as host:
        hosts.install(host, given.package or hosts.build_package(Path(directory)))
        for part in (returns(host, given.tries), moves(host, given.cycles), peer(given.cycles)):
            sys.stdout.write(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} processors\n")
            for line in part:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
