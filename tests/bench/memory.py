"""What a daemon with nothing to do holds in memory: all of it, and its fair share of what is shared."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.bench.bench import Bench
from tests.bench.beside import Bare
from tests.bench.figures import Figure, Sample, Target
from tests.bench.living import Daemon, first_answer

TARGET: Final = Target("median", 64)
_MIB: Final = 1024


def measure(bench: Bench) -> Iterator[Figure]:
    with ExitStack() as stack:
        nothing = stack.enter_context(Bare(bench.fresh("bare")))
        nothing.answering()
        bare = idle(nothing.pid)
        for size in (0, bench.sizes[0], bench.sizes[-1]):
            state = bench.history(size) if size else bench.fresh("empty")
            with Daemon(state) as daemon:
                daemon.ready()
                first_answer(daemon.socket)
                found = idle(daemon.pid)
            for kind in ("Rss", "Pss"):
                yield Figure(
                    name=f"memory idle, {kind.upper()}",
                    case=f"{size:,} messages" if size else "empty",
                    unit="MiB",
                    ours=Sample.of([found[kind]]),
                    limit=Sample.of([bare[kind]]),
                    against="bare daemon: same modules imported",
                    target=TARGET if kind == "Rss" else None,
                )


def idle(pid: int) -> dict[str, float]:
    """Return RSS and PSS in MiB, once the process does nothing any more."""
    before = -1
    while (now := ticks(pid)) != before:
        before = now
        time.sleep(0.3)
    return held(pid)


def held(pid: int) -> dict[str, float]:
    """Return RSS and PSS of a process in MiB, as they are now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    rows = dict(line.split(":", 1) for line in lines[1:])
    return {kind: int(rows[kind].split()[0]) / _MIB for kind in ("Rss", "Pss")}


def ticks(pid: int) -> int:
    """Return how much processor time it used, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
