"""Sixteen runs at once: what they print is in their files, and neither in the daemon's memory nor in anybody's way."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pmrunnerd.model import protocol as p
from tests.bench import running
from tests.bench.memory import held
from tests.bench.running import FOLLOWED, RUNS
from tests.integration.daemon import Daemon
from tests.unit.services.parts import eventually

# Each says more than twice of what it may cost, so that who keeps it is found out.
SAID: Final = 2_500_000
MOST: Final = 1.0  # MiB for each run
# Several, since the threads that read take something once, whatever is printed.
FAST: Final = 4
FLOODED: Final = 20_000_000
FLOOD: Final = f"(yes 'a line as agents print them, or longer' || true) | head -c {FLOODED}"
# A look at what each run printed, even at one of these, would be beyond what one of them did. How long a
# `status` takes is the bench's: here others are at work.
ASKED: Final = 100


def test_sixteen_runs_that_talk_cost_the_daemon_less_than_a_megabyte_each(tmp_path: Path) -> None:
    with running.talkative(tmp_path, RUNS) as daemon:
        running.asked(daemon, 100)
        before = held(daemon.pid)
        names = running.start(daemon, RUNS, width=4000)
        with running.following(daemon, names[:FOLLOWED]):
            running.until_said(daemon, names, SAID)
            running.asked(daemon, 100)
            now = held(daemon.pid)

        assert len(names) == RUNS
        for kind in ("Rss", "Pss"):
            assert (now[kind] - before[kind]) / RUNS <= MOST, (kind, before, now)


def test_runs_that_print_as_fast_as_they_can_leave_the_daemon_less_than_a_megabyte_each(
    tmp_path: Path,
) -> None:
    with running.talkative(tmp_path, FAST) as daemon:
        # What a daemon learns with its first run it has once, and not for each.
        daemon.say("p0", FLOOD)
        _over(daemon, 1)
        running.asked(daemon, 100)
        before = held(daemon.pid)
        for number in range(FAST):
            daemon.say(f"p{number}", FLOOD)
        names = _over(daemon, FAST + 1)
        running.asked(daemon, 100)
        now = held(daemon.pid)

        for name in names:
            assert (daemon.state / "runs" / name / "events.jsonl").stat().st_size > FLOODED
        for kind in ("Rss", "Pss"):
            assert (now[kind] - before[kind]) / FAST <= MOST, (kind, before, now)


def test_status_reads_nothing_of_what_sixteen_runs_that_talk_have_printed(tmp_path: Path) -> None:
    with running.talkative(tmp_path, RUNS) as daemon:
        names = running.start(daemon, RUNS, width=4000)
        running.until_said(daemon, names, SAID)
        with _holding_still(daemon, names):
            # What they said last is still on its way to the daemon.
            eventually(lambda: _read_while_asked(daemon) < SAID)


def _over(daemon: Daemon, runs: int) -> list[str]:
    """Return the names of so many runs once all of them are over."""
    until = time.monotonic() + running.WITHIN
    while True:
        rows = daemon.ask(p.RunList()).runs
        if len(rows) == runs and all(row.run.ended for row in rows):
            return [row.run.id for row in rows]
        assert time.monotonic() < until, daemon.log()
        time.sleep(0.1)


@contextmanager
def _holding_still(daemon: Daemon, runs: list[str]) -> Iterator[None]:
    """Have the hosts of runs, each with all that is said to it so far, do nothing."""
    hosts = [int((daemon.state / "runs" / run / "lock").read_text()) for run in runs]
    for host in hosts:
        os.kill(host, signal.SIGSTOP)
    try:
        yield
    finally:
        for host in hosts:
            os.kill(host, signal.SIGCONT)


def _read_while_asked(daemon: Daemon) -> int:
    """Return how many bytes a daemon reads, from whatever it is, while it answers `status` some times."""
    before = _read(daemon.pid)
    running.asked(daemon, ASKED)
    return _read(daemon.pid) - before


def _read(pid: int) -> int:
    """Return how many bytes a process has read, from whatever it was."""
    counts = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in counts)["rchar"])
