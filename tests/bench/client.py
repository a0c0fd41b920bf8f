"""`pmrunnerctl status` as a whole process, beside Python alone and Python with what it imports."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target, ratios
from tests.bench.living import Daemon
from tests.bench.load import Load
from tests.integration.daemon import environment

TARGET: Final = Target("median", 60)
PYTHON: Final = "python -c pass"
IMPORTS: Final = 'python -c "import click, msgspec"'
INSTALLED: Final = "as a release starts it"
ROOT: Final = Path(__file__).parents[2]
SILENT: Final = subprocess.DEVNULL
_LIMITS: Final = {
    PYTHON: (sys.executable, "-c", "pass"),
    IMPORTS: (sys.executable, "-c", "import click, msgspec"),
}


def measure(bench: Bench) -> Iterator[Figure]:
    yield from _idle(bench)
    for size in (bench.sizes[0], bench.sizes[-1]):
        yield from _loaded(bench, size)


def _idle(bench: Bench) -> Iterator[Figure]:
    with ExitStack() as stack:
        commands: dict[str, tuple[str, ...]] = dict(_LIMITS)
        for size in bench.sizes:
            daemon = stack.enter_context(Daemon(bench.history(size)))
            daemon.ready()
            commands[f"{size:,} messages"] = status(daemon.socket)
        commands[INSTALLED] = installed(bench.history(bench.sizes[0]) / "control.sock")
        found = in_turn(commands, bench.times(60, 8), bench.directory)
    for case in (*(f"{size:,} messages" for size in bench.sizes), INSTALLED):
        yield from _figures(case, found)


def _loaded(bench: Bench, size: int) -> Iterator[Figure]:
    port = free_port()
    with Daemon(bench.history(size), f"--web-port={port}") as daemon:
        daemon.ready()
        with Load(daemon.state, port) as load:
            case = f"{size:,} messages, web door loaded"
            commands = {**_LIMITS, case: status(daemon.socket)}
            found = in_turn(commands, bench.times(60, 8), bench.directory)
        bench.note(f"{case}: {load.rate:,.0f} requests/s over HTTP meanwhile")
    yield from _figures(case, found)


def _figures(case: str, found: Mapping[str, list[float]]) -> Iterator[Figure]:
    for limit in (PYTHON, IMPORTS):
        yield Figure(
            name="pmrunnerctl status",
            case=case,
            unit="ms",
            ours=Sample.of(found[case]),
            limit=Sample.of(found[limit]),
            against=limit,
            ratios=ratios(found[case], found[limit]),
            target=TARGET if limit == IMPORTS else None,
        )


def in_turn(
    commands: Mapping[str, tuple[str, ...]], times: int, home: Path
) -> dict[str, list[float]]:
    """Run each command so many times, one after the other; return the milliseconds of each."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    variables = environment(home)
    for turn in range(times + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, env=variables, stdin=SILENT, stdout=SILENT, check=True)
            if turn:  # the first time it is compiled
                found[name].append((time.perf_counter() - began) * 1e3)
    return found


def status(path: Path) -> tuple[str, ...]:
    """Return the command: the script that people have, where it is installed."""
    script = Path(sys.executable).with_name("pmrunnerctl")
    start = (str(script),) if script.exists() else (sys.executable, "-m", "pmrunnerctl")
    return (*start, "--socket", str(path), "status")


def installed(path: Path) -> tuple[str, ...]:
    """Return the command as a release has it: no environment to look for, only where its code is."""
    where = [str(ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))]
    start = f"import sys; sys.path += {where}; from pmrunnerctl.__main__ import main; main()"
    return (sys.executable, "-I", "-S", "-c", start, "--socket", str(path), "status")


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port: int = probing.getsockname()[1]
        return port
