"""A test under strace that fails, or is ended in the middle, leaves no daemon and no strace behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from tests.crash.diary import Diary
from tests.crash.lives import Operation, copied, live
from tests.crash.operations import nothing
from tests.crash.strikes import still_there
from tests.crash.traced import LEASH, Traced, nothing_left
from tests.crash.tracing import STRACE, Injection, Place, Point
from tests.house.tree import ROOT

pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed")

NEVER = Injection(Point(Place("fsync", "journal"), 1000), "error=EIO")
# What a worker of pytest is that a timeout ends: nothing of it runs any more.
ENDED = """
import os
from pathlib import Path
from tests.crash.test_traced import NEVER
from tests.crash.traced import Traced
Traced(Path(os.environ["STATE_OF_IT"])).start_traced(NEVER)
os._exit(1)
"""


def wrong(daemon: Traced, _: Diary) -> None:
    daemon.ask(p.Status())
    assert len(still_there(daemon.state)) > 1, "a daemon and its strace"
    raise AssertionError("as it should")


@pytest.mark.parametrize("later", [False, True])
def test_a_life_that_fails_leaves_nothing_behind(tmp_path: Path, *, later: bool) -> None:
    operation = Operation(nothing, wrong, wrong, later=later)
    (tmp_path / "base").mkdir()
    state = copied(tmp_path / "base", tmp_path / "life")
    with pytest.raises(AssertionError, match="as it should"):
        live(operation, state, NEVER)
    assert still_there(state) == []


def test_a_worker_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with nothing_left(state):
        ended = subprocess.run(
            [sys.executable, "-c", ENDED],
            cwd=ROOT,
            env={**os.environ, "STATE_OF_IT": str(state)},
            check=False,
        )
        assert ended.returncode == 1
        assert (state / "journal").exists()
        if not LEASH:
            pytest.skip("setpriv is not installed")
        until = time.monotonic() + 180
        while left := still_there(state):
            assert time.monotonic() < until, left
            time.sleep(0.05)
