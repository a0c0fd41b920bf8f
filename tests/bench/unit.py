"""What a daemon costs that systemd has: measured beside it, as root, on the machine whose systemd it is.

How long a restart takes, how long nobody is answered after `kill -9`, what it does while nobody
asks anything, and how far each unit is sealed. `operating` runs it on a host of its own.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.living import first_answer

PROC: Final = Path("/proc")
# Templates of the package that a person never starts have an instance of nobody.
_INSTANCE: Final = {"pm-runner-run@": "prod-r1", "pm-runner@": "prod"}
_LEVEL: Final = re.compile(r"exposure level for \S+: ([0-9.]+)")
# Seconds after which a start has done all that it does after READY, on a busy machine too.
SETTLED: Final = 30.0
# What it takes of a processor at most, in percent, once it has.
RESTING: Final = 2.0
# Where the package has its units.
UNITS: Final = (Path("/lib/systemd/system"), Path("/usr/lib/systemd/system"))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of each restart and each kill; of one idle span, what it took; exposures."""

    restarts: list[float]
    kills: list[float]
    cpu_percent: float
    wakeups: float
    exposure: dict[str, float]


def restarts(unit: str, times: int) -> Iterator[float]:
    """Restart a unit; yield how many milliseconds each took until it was ready."""
    for _ in range(times):
        _forgive(unit)
        began = time.perf_counter()
        subprocess.run(["systemctl", "restart", unit], check=True)
        yield (time.perf_counter() - began) * 1e3


def kills(unit: str, control: Path, times: int) -> Iterator[float]:
    """Kill its daemon; yield how many milliseconds each took until somebody was answered again.

    One that has come to rest: what it does of its own after a start is not counted to the next.
    """
    for _ in range(times):
        _forgive(unit)
        _come_to_rest(unit)
        pid = _pid(unit)
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        first_answer(control)
        yield (time.perf_counter() - began) * 1e3
        while _pid(unit) in (0, pid) or _shown(unit, "ActiveState") != "active":
            time.sleep(0.05)


def _come_to_rest(unit: str) -> None:
    until = time.monotonic() + SETTLED
    while time.monotonic() < until:
        share, _ = idle(_pid(unit), 0.5)
        argv = ["systemctl", "list-units", "--no-legend", "pm-runner-*@*-*.service"]
        if share < RESTING and not subprocess.run(argv, capture_output=True, check=True).stdout:
            return


def idle(pid: int, seconds: float) -> tuple[float, float]:
    """Return what share of a processor, in percent, it takes, and how often in a second it wakes."""
    before, began = _of_threads(pid), time.perf_counter()
    time.sleep(seconds)
    after, took = _of_threads(pid), time.perf_counter() - began
    return (after[0] - before[0]) / 1e7 / took, (after[1] - before[1]) / took


def _of_threads(pid: int, proc: Path = PROC) -> tuple[int, int]:
    """Return the nanoseconds that all threads have run, and how often they waited for something."""
    ran = woke = 0
    for thread in (proc / str(pid) / "task").iterdir():
        ran += int((thread / "schedstat").read_text().split()[0])
        waits = re.search(
            r"^voluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text(), re.MULTILINE
        )
        woke += int(waits[1]) if waits else 0
    return ran, woke


def exposure(units: Iterable[Path]) -> Iterator[tuple[str, float]]:
    """Yield each service of the package, and how far it is exposed, by systemd's own word."""
    for file in units:
        name = file.name.replace(
            "@.", f"@{_INSTANCE.get(file.name.partition('@')[0] + '@', 'prod')}."
        )
        argv = ["systemd-analyze", "security", "--no-pager", name]
        said = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
        if level := _LEVEL.search(said):
            yield name, float(level[1])


def _forgive(unit: str) -> None:
    """Have systemd forget earlier starts: it counts a person's, too."""
    sockets = [
        unit.replace("pm-runner@", f"pm-runner{kind}@") + ".socket" for kind in ("", "-read")
    ]
    subprocess.run(["systemctl", "reset-failed", unit, *sockets], check=False)


def _shown(unit: str, name: str) -> str:
    argv = ["systemctl", "show", "--value", f"--property={name}", unit]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def _pid(unit: str) -> int:
    return int(_shown(unit, "MainPID"))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--env", default="prod")
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--idle", type=float, default=60.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    unit, control = f"pm-runner@{given.env}", Path(f"/run/pm-runner/{given.env}/control.sock")
    subprocess.run(["systemctl", "start", unit], check=True)
    again = list(restarts(unit, given.restarts))
    killed = list(kills(unit, control, given.kills))
    time.sleep(SETTLED)
    cpu, wakeups = idle(_pid(unit), given.idle)
    files = {
        file.name: file for directory in UNITS for file in directory.glob("pm-runner*.service")
    }
    found = Found(
        restarts=again,
        kills=killed,
        cpu_percent=cpu,
        wakeups=wakeups,
        exposure=dict(exposure(files[name] for name in sorted(files))),
    )
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def lines(found: Found) -> Iterator[str]:
    """Say it, a line each."""
    yield f"systemctl restart: {_spread(found.restarts, (50, 95))}"
    yield f"kill -9 to answering: {_spread(found.kills, (50, 99))}"
    yield f"idle: {found.cpu_percent:.3f} % of a processor, {found.wakeups:.2f} wake-ups a second"
    yield from (f"exposure of {name}: {level}" for name, level in found.exposure.items())


def _spread(values: list[float], of: tuple[int, ...]) -> str:
    """Say which values are not passed by so many percent of all, and the largest."""
    if not values:
        return "not measured"
    ordered = sorted(values)
    shown = [f"p{n} {ordered[-(-len(ordered) * n // 100) - 1]:.0f} ms" for n in of]
    return f"{', '.join(shown)}, at most {ordered[-1]:.0f} ms ({len(ordered)})"


if __name__ == "__main__":
    main(sys.argv[1:])
