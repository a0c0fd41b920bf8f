"""What one append costs on top of a history: a process for each history, asked in turn.

As a program (`python -m tests.bench.appending STATE`) it opens a state, reads how many messages to
commit, one after the other, and prints the seconds that each block took.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store
from tests.bench.bench import Bench
from tests.bench.commits import said
from tests.bench.figures import Figure, Sample, Target, ratios
from tests.integration.daemon import environment

TARGET: Final = Target("ratio", 1.2)
BLOCK: Final = 200
_DESK: Final = "w4"


class Appender:
    """The other process. Leaving the `with` ends it."""

    def __init__(self, state: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.appending", str(state)],
            env=environment(state.parent),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        self.seconds(BLOCK)  # the first block warms up
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def seconds(self, count: int) -> float:
        """Have so many messages committed and return how long that took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def measure(bench: Bench) -> Iterator[Figure]:
    first = bench.sizes[0]
    found: dict[int, list[float]] = {size: [] for size in bench.sizes}
    with ExitStack() as stack:
        appenders = {
            size: stack.enter_context(Appender(bench.history(size))) for size in bench.sizes
        }
        for _ in range(bench.times(25, 5)):
            for size, appender in appenders.items():
                found[size].append(appender.seconds(BLOCK) / BLOCK * 1e6)
    for size in bench.sizes[1:]:
        yield Figure(
            name="one append",
            case=f"{size:,} messages",
            unit="µs",
            ours=Sample.of(found[size]),
            limit=Sample.of(found[first]),
            against=f"the same at {first:,} messages",
            ratios=ratios(found[size], found[first]),
            target=TARGET,
        )


async def _serve(state: Path) -> None:
    store = Store(state, Clock().now, release="bench")
    try:
        async with asyncio.TaskGroup() as house:
            life = house.create_task(store.run())
            number = store.ahead.minted.get("m", 0)
            while line := await asyncio.to_thread(sys.stdin.readline):
                began = time.perf_counter()
                for _ in range(int(line)):
                    number += 1
                    await said(store, number, _DESK)
                sys.stdout.write(f"{time.perf_counter() - began}\n")
                sys.stdout.flush()
            life.cancel()
    finally:
        store.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
