"""From the start of the process to READY and to the first answer, and back after a `kill -9`."""

from collections.abc import Iterator
from typing import Final

from tests.bench.bench import Bench
from tests.bench.beside import Bare
from tests.bench.figures import Figure, Sample, Target, ratios
from tests.bench.living import Daemon

READY: Final = Target("ratio", 1.5)
ANSWER: Final = Target("median", 400)
BACK: Final = Target("p99", 250)
_BARE: Final = "bare daemon: same modules imported, one answer"


def ready(bench: Bench) -> Iterator[Figure]:
    """Start on an empty state and on each history, in turn. Leaves between two are in good order."""
    wanted = bench.times(9, 3)
    empty: dict[int, list[float]] = {size: [] for size in bench.sizes}
    full: dict[int, list[float]] = {size: [] for size in bench.sizes}
    starts = {size: bench.starts(size, wanted) for size in bench.sizes}
    for turn in range(wanted):
        for size in bench.sizes:
            if turn < starts[size]:
                with Daemon(bench.fresh("empty")) as daemon:
                    empty[size].append(daemon.ready() * 1e3)
                with Daemon(bench.history(size)) as daemon:
                    full[size].append(daemon.ready() * 1e3)
    for size in bench.sizes:
        yield Figure(
            name="start to READY",
            case=f"{size:,} messages",
            unit="ms",
            ours=Sample.of(full[size]),
            limit=Sample.of(empty[size]),
            against="an empty state",
            ratios=ratios(full[size], empty[size]),
            target=READY,
        )
    for size in bench.sizes:
        yield Figure(
            name="first start ever",
            case=f"{size:,} messages",
            unit="ms",
            ours=Sample.of([bench.cold[size] * 1e3]),
        )


def answer(bench: Bench) -> Iterator[Figure]:
    """Start on an empty state until a `status` is answered."""
    ours, bare = [], []
    for _ in range(bench.times(15, 3)):
        with Daemon(bench.fresh("empty")) as daemon:
            ours.append(daemon.answering() * 1e3)
        with Bare(bench.fresh("bare")) as nothing:
            bare.append(nothing.answering() * 1e3)
    yield Figure(
        name="start to first answer",
        case="empty",
        unit="ms",
        ours=Sample.of(ours),
        limit=Sample.of(bare),
        against=_BARE,
        ratios=ratios(ours, bare),
        target=ANSWER,
    )


def kill(bench: Bench) -> Iterator[Figure]:
    """Kill it and start it again at once, as a service manager does, until it answers."""
    for size in (bench.sizes[0], bench.sizes[-1]):
        ours, bare = [], []
        state = bench.history(size)
        with Daemon(state) as daemon, Bare(bench.fresh("bare")) as nothing:
            daemon.answering()
            for _ in range(bench.starts(size, bench.times(100, 5))):
                daemon.kill()
                ours.append(daemon.answering() * 1e3)
                bare.append(nothing.answering() * 1e3)
                nothing.end()
        yield Figure(
            name="kill -9 to answering",
            case=f"{size:,} messages",
            unit="ms",
            ours=Sample.of(ours),
            limit=Sample.of(bare),
            against=_BARE,
            ratios=ratios(ours, bare),
            target=BACK,
        )
