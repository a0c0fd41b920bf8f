"""Sixteen runs at once: what they print is in their files and not in the daemon's memory."""

from pathlib import Path
from typing import Final

import pytest

from tests.bench import running
from tests.bench.memory import held
from tests.bench.running import FOLLOWED, RUNS

# Each says more than twice of what it may cost, so that who keeps it is found out.
SAID: Final = 2_500_000
MOST: Final = 1.0  # MiB for each run


@pytest.mark.timeout(240)
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
