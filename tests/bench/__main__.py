"""`python -m tests.bench`: measures the rows, prints them as ratios, and as JSON where wanted."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.bench import (
    appending,
    claude,
    client,
    commits,
    control,
    hosting,
    memory,
    running,
    starting,
)
from tests.bench.bench import Bench, working
from tests.bench.figures import Figure, table

# In this order: the last two leave messages behind in the histories.
ROWS: Final[dict[str, Callable[[Bench], Iterable[Figure]]]] = {
    "commits": commits.measure,
    "answer": starting.answer,
    "control": control.measure,
    "ready": starting.ready,
    "memory": memory.measure,
    "kill": starting.kill,
    "runs": running.measure,
    "claude": claude.measure,
    "host": hosting.measure,
    "status": client.measure,
    "append": appending.measure,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small histories, less than a minute")
    parser.add_argument("--only", action="append", choices=ROWS, help="one row; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON; - to the output")
    parser.add_argument("--sizes", help="messages of the histories, such as 100,10000")
    parser.add_argument(
        "--beside", type=Path, help="work in a directory there, on the file system to be measured"
    )
    given = parser.parse_args(arguments)
    sizes = tuple(int(size) for size in given.sizes.split(",")) if given.sizes else ()
    with working(quick=given.quick, sizes=sizes, beside=given.beside) as bench:
        where = machine(bench.directory)
        figures = list(measured(bench, given.only or ROWS))
    if given.json != "-":
        sys.stdout.write(f"{', '.join(f'{k} {v}' for k, v in where.items())}\n\n{table(figures)}")
    if given.json:
        rows = [figure.as_json() for figure in figures]
        text = msgspec.json.format(msgspec.json.encode({"machine": where, "figures": rows}))
        if given.json == "-":
            sys.stdout.write(text.decode() + "\n")
        else:
            Path(given.json).write_bytes(text + b"\n")
    return 0


def measured(bench: Bench, names: Iterable[str]) -> Iterator[Figure]:
    """Measure the rows, in the order in which they do not disturb each other."""
    for name in sorted(set(names), key=list(ROWS).index):
        began = time.perf_counter()
        yield from ROWS[name](bench)
        bench.note(f"{name}: {time.perf_counter() - began:.0f} s")


def machine(directory: Path) -> dict[str, Any]:
    """Say what a reader of the figures has to know of where they were measured."""
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "filesystem": filesystem(directory),
    }


def filesystem(directory: Path) -> str:
    """Return the type of the file system that a directory is on."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [
        (len(point), kind)
        for point, kind in mounts
        if directory.resolve().is_relative_to(point.replace("\\040", " "))
    ]
    return max(above, default=(0, "unknown"))[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
