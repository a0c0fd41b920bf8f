"""What runs cost the daemon: how long `status` takes while they talk, its memory, its processor time.

Each run prints about a hundred lines a second; some are followed by a `pmrunnerctl run logs -f`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pmrunnerctl.asking import message
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Connection
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target
from tests.bench.memory import held, ticks
from tests.integration.daemon import Daemon, environment

RUNS: Final = 16
FOLLOWED: Final = 4
# The wait is bash's own: a `sleep` for each line would measure how fast this machine forks.
TALK: Final = """\
mkfifo "$HOME/never"; exec 9<>"$HOME/never"
printf -v more "%{width}s"
for ((n = 1; ; n++)); do echo "line $n of what an agent says$more"; read -rt 0.01 -u 9 || :; done
"""
WITHIN: Final = 300.0
NO_RUN: Final = "the same daemon before there were runs"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_OVERVIEW: Final = frames.to_client(v.Overview)


def measure(bench: Bench) -> Iterator[Figure]:
    directory = bench.fresh("runs")
    runs = RUNS if not bench.quick else bench.times(RUNS, 4)
    times = bench.times(1000, 100)
    with talkative(directory, runs) as daemon:
        before_asked, before_held = asked(daemon, times), held(daemon.pid)
        names = start(daemon, runs)
        for followed in (0, bench.times(FOLLOWED, 1)):
            with following(daemon, names[:followed]):
                began = used(daemon, names)
                found = asked(daemon, times)
                time.sleep(bench.times(5, 1))
                spent = [now - then for now, then in zip(used(daemon, names), began, strict=True)]
                memory = held(daemon.pid)
            case = f"{runs} runs, {followed} followed"
            yield Figure(
                name="status while runs talk",
                case=case,
                unit="ms",
                ours=Sample.of(found),
                limit=Sample.of(before_asked),
                against=NO_RUN,
                target=Target("p99", 50),
            )
            for kind in ("Rss", "Pss"):
                yield Figure(
                    name=f"memory for a run, {kind.upper()}",
                    case=case,
                    unit="MiB",
                    ours=Sample.of([(memory[kind] - before_held[kind]) / runs]),
                    limit=Sample.of([before_held[kind]]),
                    against=NO_RUN,
                    target=Target("median", 1) if kind == "Rss" else None,
                )
            yield Figure(
                name="processor time of the daemon",
                case=case,
                unit="% of a core",
                ours=Sample.of([100 * spent[0] / spent[2]]),
                limit=Sample.of([100 * spent[1] / spent[2]]),
                against="all of the run hosts together",
            )


@contextmanager
def talkative(directory: Path, runs: int) -> Iterator[Daemon]:
    """Give a daemon with a slot and a project for each of so many runs."""
    with Daemon(directory / "state", f"--runs-slots={runs}") as daemon:
        for number in range(runs):
            daemon.add_project(f"p{number}")
        yield daemon


def start(daemon: Daemon, runs: int, *, width: int = 0) -> list[str]:
    """Have a run talk in each project, in lines that are wider by so many bytes.

    Return their names once every one of them does.
    """
    for number in range(runs):
        daemon.say(f"p{number}", TALK.replace("{width}", str(width)))
    names: list[str] = []
    until = time.monotonic() + WITHIN
    while len(names) < runs:
        assert time.monotonic() < until, daemon.log()
        time.sleep(0.1)
        names = [row.run.id for row in daemon.ask(p.RunList()).runs if row.run.head]
    until_said(daemon, names, 1000)
    return names


def until_said(daemon: Daemon, runs: Sequence[str], size: int) -> None:
    """Return once each run has said so many bytes."""
    left = {daemon.state / "runs" / run / "events.jsonl" for run in runs}
    until = time.monotonic() + WITHIN
    while left := {events for events in left if events.stat().st_size < size}:
        assert time.monotonic() < until, left
        time.sleep(0.1)


def asked(daemon: Daemon, times: int) -> list[float]:
    """Ask for `status` so often over one connection; return the milliseconds of each."""
    connection = Connection(Place(daemon.socket, ""), within=WITHIN)
    call, found = message(p.Status(), ""), []
    try:
        for _ in range(times):
            began = time.perf_counter()
            connection.send(call)
            connection.receive(_OVERVIEW, within=WITHIN)
            found.append((time.perf_counter() - began) * 1e3)
    finally:
        connection.close()
    return found


@contextmanager
def following(daemon: Daemon, runs: Sequence[str]) -> Iterator[None]:
    """Have people follow what some runs print."""
    words = (
        sys.executable,
        "-m",
        "pmrunnerctl",
        "--socket",
        str(daemon.socket),
        "run",
        "logs",
        "-f",
    )
    people = [
        subprocess.Popen([*words, run], env=environment(daemon.home), stdout=subprocess.DEVNULL)
        for run in runs
    ]
    try:
        yield
        assert all(one.poll() is None for one in people), "nobody follows any more"
    finally:
        for one in people:
            one.terminate()
            one.wait()


def used(daemon: Daemon, runs: Sequence[str]) -> tuple[float, float, float]:
    """Return processor seconds of the daemon and of all run hosts, and the time that is now."""
    locks = [daemon.state / "runs" / run / "lock" for run in runs]
    hosts = sum(ticks(int(lock.read_text())) for lock in locks)
    return ticks(daemon.pid) / _TICKS, hosts / _TICKS, time.perf_counter()
